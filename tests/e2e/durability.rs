//! What the database goes through: its disk fills, its server dies. Nothing that was acknowledged is lost, senders are
//! told to come back, and nobody has to restart anything.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use harness::{Cluster, Setup, json, passed};

/// A small disk of its own, gone when this is dropped; none where disks cannot be mounted.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(mib: u32) -> Option<Self> {
        let dir = tempfile::TempDir::new().unwrap();
        let size = format!("size={mib}m");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output();
        mount.is_ok_and(|out| out.status.success()).then(|| Self(dir))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_acknowledged_is_lost() {
    let Some(disk) = SmallDisk::mount(24) else {
        eprintln!("SKIPPED: a small disk cannot be mounted here (that takes root)");
        return;
    };
    let server = Setup::default().start_at(&format!("sqlite:{}", disk.path("waterbear.db").display()));
    server.import(harness::SMALL_CATALOG);
    let filler = disk.path("filler");
    // All but a little of the disk is somebody else's.
    let free = 24 * 1024 * 1024 - disk_used(&disk) - 512 * 1024;
    std::fs::write(&filler, vec![7_u8; free]).unwrap();
    let mut acknowledged = 0;
    let mut n = 0;
    let full = loop {
        let mut body = passed("checkout", "dns");
        body["external_id"] = json!(format!("d-{n}"));
        body["hypothesis"] = json!("x".repeat(2_000));
        n += 1;
        let reply = server.post_drill(&body);
        if reply.status != 201 {
            break reply;
        }
        acknowledged += 1;
        assert!(n < 5_000, "the disk does not fill");
    };
    full.problem(503, "unavailable");
    assert!(full.text().contains("full"), "{}", full.text());
    assert!(!full.header("retry-after").is_empty());
    assert_eq!(server.get("/services/checkout").status, 200, "reading goes on");
    std::fs::remove_file(&filler).unwrap();
    let mut body = passed("checkout", "cpu");
    body["external_id"] = json!("after");
    let _ = server.post_drill(&body).expect(201);
    let stored = server.database().lines("SELECT external_id AS text FROM drills");
    assert_eq!(stored.len(), acknowledged + 1, "{n} were sent");
    let said = server.cli(&["verify"]).ok();
    assert!(said.out.ends_with("clean\n"), "{}", said.out);
}

fn disk_used(disk: &SmallDisk) -> usize {
    let files = std::fs::read_dir(disk.0.path()).unwrap().flatten();
    files.map(|f| f.metadata().map_or(0, |m| m.len() as usize)).sum()
}

#[test]
fn postgres_dying_under_load_loses_nothing_and_the_pool_heals() {
    let Some(cluster) = Cluster::start("host all all 127.0.0.1/32 trust", &[], &["fsync=on"]) else {
        eprintln!("SKIPPED: WATERBEAR_TEST_PG is not set, PostgreSQL was not tried");
        return;
    };
    let server = Setup::default().start_at(&cluster.url("waterbear", "127.0.0.1", "postgres"));
    server.import(harness::SMALL_CATALOG);
    let acknowledged = Mutex::new(BTreeSet::new());
    let (stop, next, refused) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let id = format!("r-{}", next.fetch_add(1, Ordering::SeqCst));
                    let mut body = passed("checkout", "dns");
                    body["external_id"] = json!(id);
                    let reply = server.post_drill(&body);
                    // 200: the commit had arrived, its answer had not, and the server's own second try found it there.
                    if matches!(reply.status, 200 | 201) {
                        acknowledged.lock().unwrap().insert(id);
                        continue;
                    }
                    reply.problem(503, "unavailable");
                    assert!(!reply.header("retry-after").is_empty(), "{}", reply.text());
                    refused.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for round in 0..3 {
            std::thread::sleep(Duration::from_millis(600 + 170 * round));
            cluster.crash(Duration::from_millis(400));
        }
        let before = acknowledged.lock().unwrap().len();
        let patience = Instant::now();
        while acknowledged.lock().unwrap().len() < before + 20 {
            assert!(patience.elapsed() < Duration::from_secs(30), "it does not come back by itself");
            std::thread::sleep(Duration::from_millis(50));
        }
        stop.store(true, Ordering::SeqCst);
    });
    let stored = cluster.sql("postgres", "SELECT external_id FROM drills");
    let all: Vec<&str> = stored.lines().collect();
    let once: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(all.len(), once.len(), "some are there twice");
    for id in acknowledged.lock().unwrap().iter() {
        assert!(once.contains(id.as_str()), "{id} was acknowledged");
    }
    let said = server.cli(&["verify"]).ok();
    assert!(said.out.ends_with("clean\n"), "{}", said.out);
    println!("{} acknowledged, {} told to come back", once.len(), refused.load(Ordering::SeqCst));
}
