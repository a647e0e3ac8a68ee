//! What people do, over one database, so that its statements are heard.

use waterbear::app::people::{self, ChangeUser, CreateUser, InTeam, MayBe, passwords, sessions};
use waterbear::app::{Actor, App};

use crate::plans::Heard;

/// Makes accounts, signs in, changes and ends what there is.
pub(crate) fn tell(app: &App, heard: &mut Heard) {
    let team = || vec![InTeam { team: "shop-team".to_owned(), is: MayBe::Lead }];
    let new = |login: &str| CreateUser {
        login: login.to_owned(),
        role: Some("admin".to_owned()),
        teams: team(),
        ..CreateUser::default()
    };
    let hash = passwords::hash("a staple of correct horses").unwrap();
    let ids: Vec<String> = ["ada", "bo"]
        .iter()
        .map(|login| {
            app.write_now(&Actor::command_line(), |tx| people::create(tx, &new(login), hash.clone()))
        })
        .map(|user| user.unwrap().id)
        .collect();
    heard.listen("making accounts");
    let begin = |tx: &mut waterbear::app::Tx<'_>| {
        assert!(people::secret_of(tx, "ada")?.is_some());
        sessions::begin(tx, &ids[0], "a password", None)
    };
    let text = app.write_now(&Actor::anonymous(), begin).unwrap();
    heard.listen("signing in");
    let found = app.read_now(|tx| sessions::authenticate(tx, &text)).unwrap();
    assert_eq!(found.actor.person.as_ref().map(|p| p.leads.len()), Some(1));
    app.write_now(&Actor::anonymous(), |tx| sessions::touch(tx, "nothing")).unwrap();
    heard.listen("a request of a session");
    app.read_now(|tx| {
        assert_eq!(sessions::list(tx, &ids[0])?.len(), 1);
        assert_eq!(people::list(tx, Some("ada"), 50)?.len(), 1);
        people::by_login(tx, "ada")?;
        people::has_admin(tx)
    })
    .unwrap();
    heard.listen("accounts and sessions");
    app.write_now(&found.actor, |tx| {
        let row = people::found(tx, &ids[0])?;
        sessions::end_of(tx, &row, Some("nothing"))?;
        sessions::end(tx, &text)?;
        let cmd = ChangeUser { disabled: Some(true), teams: Some(team()), ..ChangeUser::default() };
        people::change(tx, &ids[1], &cmd, None)
    })
    .unwrap();
    heard.listen("ending sessions, changing an account");
}
