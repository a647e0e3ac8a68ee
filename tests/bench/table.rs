//! The one table that a run prints.

/// Lines gathered so far.
pub struct Table {
    database: &'static str,
    lines: Vec<[String; 5]>,
}

impl Table {
    /// An empty table of one database.
    pub fn new(database: &'static str) -> Self {
        Self { database, lines: Vec::new() }
    }

    /// A figure.
    pub fn fact(&mut self, section: &str, what: &str, value: f64, unit: &str) {
        self.line(section, what, shown(value, unit), String::new(), String::new());
    }

    /// A figure, held against another; `goal` is the least that is good.
    pub fn ratio(
        &mut self,
        section: &str,
        what: &str,
        value: f64,
        unit: &str,
        ratio: f64,
        goal: Option<f64>,
    ) {
        let verdict =
            goal.map_or_else(String::new, |goal| judged(ratio >= goal, &format!("at least {goal}")));
        self.line(section, what, shown(value, unit), format!("{ratio:.2}"), verdict);
    }

    /// A figure that has to stay below another.
    pub fn below(&mut self, section: &str, what: &str, value: f64, unit: &str, goal: f64) {
        let verdict = judged(value < goal, &format!("below {goal} {unit}"));
        self.line(section, what, shown(value, unit), String::new(), verdict);
    }

    /// Something to know beside the figures.
    pub fn note(&mut self, section: &str, text: &str) {
        self.line(section, text, String::new(), String::new(), String::new());
    }

    fn line(&mut self, section: &str, what: &str, value: String, ratio: String, verdict: String) {
        // Told at once as well: a run takes minutes.
        eprintln!("   {section}: {what} {value} {ratio} {verdict}");
        self.lines.push([section.to_owned(), what.to_owned(), value, ratio, verdict]);
    }

    /// The table, as Markdown.
    pub fn print(&self) {
        println!("\n### {}\n", self.database);
        println!("| | what | figure | ratio | goal |\n| --- | --- | --- | --- | --- |");
        let mut before = "";
        for [section, what, value, ratio, verdict] in &self.lines {
            let shown = if section == before { "" } else { section };
            println!("| {shown} | {what} | {value} | {ratio} | {verdict} |");
            before = section;
        }
    }
}

fn judged(good: bool, goal: &str) -> String {
    format!("{goal}: {}", if good { "yes" } else { "NO" })
}

fn shown(value: f64, unit: &str) -> String {
    if value >= 100.0 { format!("{value:.0} {unit}") } else { format!("{value:.2} {unit}") }
}
