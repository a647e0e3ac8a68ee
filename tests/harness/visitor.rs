//! A person with a browser: cookies are kept, forms are sent as a browser sends them.

use std::cell::RefCell;

use reqwest::blocking::RequestBuilder;

use crate::reply::Reply;
use crate::server::Server;

/// Somebody in front of a browser.
#[derive(Debug)]
pub struct Visitor<'a> {
    server: &'a Server,
    cookie: RefCell<String>,
}

impl Server {
    /// Makes an account by the command line; gives its password.
    #[track_caller]
    pub fn new_person(&self, login: &str, more: &[&str]) -> String {
        let mut args = vec!["user", "create", "--login", login];
        args.extend(more);
        let password = self.cli(&args).ok().out.trim().to_owned();
        assert!(password.len() >= 15, "user create printed {password:?}");
        password
    }

    /// Makes an account and signs in with it.
    #[track_caller]
    pub fn signed_in(&self, login: &str, more: &[&str]) -> Visitor<'_> {
        let password = self.new_person(login, more);
        let visitor = Visitor::of(self);
        let _ = visitor.sign_in(login, &password).expect(303);
        visitor
    }
}

impl<'a> Visitor<'a> {
    /// Somebody without a cookie.
    pub fn of(server: &'a Server) -> Self {
        Self { server, cookie: RefCell::default() }
    }

    /// The same browser at another process.
    pub fn at<'b>(&self, server: &'b Server) -> Visitor<'b> {
        Visitor { server, cookie: self.cookie.clone() }
    }

    /// The session it holds: `name=text`, empty without one.
    pub fn cookie(&self) -> String {
        self.cookie.borrow().clone()
    }

    /// Holds this cookie from now on.
    pub fn hold(&self, cookie: &str) {
        cookie.clone_into(&mut self.cookie.borrow_mut());
    }

    /// A request with the cookie, as a browser on one of our pages makes it.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.bare(method, path);
        if method == "GET" { request } else { request.header("sec-fetch-site", "same-origin") }
    }

    /// A request with the cookie and nothing that says where it comes from.
    pub fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.server.request_as("", method, path);
        let cookie = self.cookie();
        if cookie.is_empty() { request } else { request.header("cookie", cookie) }
    }

    /// Sends a request and keeps what cookie comes back.
    #[track_caller]
    pub fn send(&self, request: RequestBuilder) -> Reply {
        let reply = self.server.send(request);
        let given = reply.header("set-cookie");
        if let Some(pair) = given.split(';').next().filter(|pair| pair.contains("waterbear=")) {
            let gone = pair.ends_with('=');
            *self.cookie.borrow_mut() = if gone { String::new() } else { pair.to_owned() };
        }
        reply
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path))
    }

    /// What the forms of this session carry.
    #[track_caller]
    pub fn form_token(&self) -> String {
        let page = self.get("/account").expect(200).text();
        let after =
            page.split("name=\"csrf\" value=\"").nth(1).unwrap_or_else(|| panic!("no form on /account"));
        after.split('"').next().unwrap_or_default().to_owned()
    }

    /// Fills in a form of one of our pages and sends it.
    #[track_caller]
    pub fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let token = self.form_token();
        let mut all = vec![("csrf", token.as_str())];
        all.extend(fields);
        self.send(self.request("POST", path).form(&all))
    }

    /// Fills in the form of the page to sign in.
    #[track_caller]
    pub fn sign_in(&self, login: &str, password: &str) -> Reply {
        self.sign_in_to(login, password, "/")
    }

    /// The same, to go on to `next`.
    #[track_caller]
    pub fn sign_in_to(&self, login: &str, password: &str, next: &str) -> Reply {
        let form = [("login", login), ("password", password), ("next", next)];
        self.send(self.request("POST", "/sign-in").form(&form))
    }
}
