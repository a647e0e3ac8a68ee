//! Signing in, accounts, tokens, roles, in their states.

use super::super::admin::{tokens, user, users};
use super::super::chrome::{Chrome, Me};
use super::super::parts::{Code, Link};
use super::super::{account, help_roles, sign_in};
use super::{HOSTILE, Sample, chrome, days_ago, stranger};
use crate::app::people::sessions::SessionView;
use crate::app::people::{MayBe, MemberOf, UserView};
use crate::app::tokens::TokenView;

pub(super) fn all() -> Vec<Sample> {
    let gate = |passwords, nobody, error: Option<&str>| sign_in::Ctx {
        chrome: stranger("/sign-in").titled("Sign in"),
        next: HOSTILE.to_owned(),
        login: HOSTILE.to_owned(),
        passwords,
        nobody,
        error: error.map(str::to_owned),
        elsewhere: nobody.then(|| Link::to(HOSTILE, "/sign-in/elsewhere?next=x")),
    };
    let gates = vec![
        Sample::new("sign_in", "ready", gate(true, false, None)),
        Sample::new("sign_in", "wrong", gate(true, true, Some("Login or password is not right."))),
        Sample::new("sign_in", "off", gate(false, false, None)),
    ];
    gates.into_iter().chain(accounts()).chain(administration()).collect()
}

fn accounts() -> Vec<Sample> {
    vec![
        Sample::new("account", "own", account::context(me("/account"), ada(), sessions(), "s1", None)),
        Sample::new(
            "account",
            "elsewhere",
            account::context(me("/account"), elsewhere(), Vec::new(), "", Some(HOSTILE.into())),
        ),
    ]
}

fn administration() -> Vec<Sample> {
    let odd =
        || UserView { disabled: true, email: Some(HOSTILE.into()), ..person(HOSTILE, HOSTILE, "viewer") };
    let wrong = || vec!["login: expected letters".to_owned(), HOSTILE.to_owned()];
    let made = users::Made { login: "ada".into(), password: Some("made-up".into()) };
    let secret = Code::new("the token ci", "wb_made-up");
    vec![
        Sample::new(
            "admin_users",
            "some",
            users::context(
                me("/admin/users"),
                vec![ada(), odd(), elsewhere()],
                users::Sent::default(),
                wrong(),
                Some(made),
            ),
        ),
        Sample::new(
            "admin_users",
            "none, with a token",
            users::context(chrome("/admin/users"), Vec::new(), users::Sent::default(), Vec::new(), None),
        ),
        Sample::new(
            "admin_user",
            "own",
            user::context(me("/admin/users/1"), ada(), &sessions(), wrong(), Some("x".into())),
        ),
        Sample::new(
            "admin_user",
            "odd",
            user::context(chrome("/admin/users/1"), odd(), &[], Vec::new(), None),
        ),
        Sample::new(
            "admin_tokens",
            "some",
            tokens::context(
                me("/admin/tokens"),
                &[token("ci", false), token(HOSTILE, true)],
                HOSTILE.into(),
                wrong(),
                Some(secret),
            ),
        ),
        Sample::new(
            "admin_tokens",
            "none",
            tokens::context(chrome("/admin/tokens"), &[], String::new(), Vec::new(), None),
        ),
        Sample::new("help_roles", "open", help_roles::context(stranger("/help/roles"), false)),
        Sample::new("help_roles", "closed", help_roles::context(me("/help/roles"), true)),
    ]
}

/// The frame of somebody who is signed in.
pub(super) fn me(path: &str) -> Chrome {
    let mut chrome = chrome(path);
    chrome.me = Some(Me { name: HOSTILE.to_owned(), admin: true, csrf: "token".to_owned() });
    chrome
}

fn ada() -> UserView {
    person("ada", "Ada Lovelace", "admin")
}

fn elsewhere() -> UserView {
    UserView { signs_in: "identity provider".into(), ..person("bo", "Bo", "owner") }
}

fn person(login: &str, name: &str, role: &str) -> UserView {
    let team = |team: &str, is| MemberOf { team: team.into(), name: HOSTILE.into(), is, from_groups: false };
    UserView {
        id: "0192-u".into(),
        login: login.into(),
        name: name.into(),
        email: None,
        role: role.into(),
        teams: vec![team("checkout", MayBe::Lead), team("data", MayBe::Member)],
        signs_in: "password".into(),
        disabled: false,
        created_at: days_ago(300),
        signed_in_at: Some(days_ago(1)),
    }
}

fn sessions() -> Vec<SessionView> {
    let one = |id: &str, agent: Option<&str>| SessionView {
        id: id.into(),
        created_at: days_ago(3),
        used_at: days_ago(0),
        ends_at: days_ago(-4),
        address: agent.map(|_| "10.0.0.7".to_owned()),
        agent: agent.map(str::to_owned),
    };
    vec![one("s1", Some("Firefox on Linux")), one("s2", Some(HOSTILE)), one("s3", None)]
}

fn token(name: &str, revoked: bool) -> TokenView {
    TokenView {
        id: "0192-t".into(),
        name: name.into(),
        scopes: vec!["drills:write".into(), "evidence:write".into()],
        services: revoked.then(|| vec![HOSTILE.to_owned()]),
        teams: None,
        created_at: days_ago(40),
        expires_at: Some(days_ago(-50)),
        revoked_at: revoked.then(|| days_ago(2)),
        last_used_at: (!revoked).then(|| days_ago(1)),
    }
}
