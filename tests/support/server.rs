//! A small HTTP server that behaves as badly as it is asked to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does with a request.
pub enum Reply {
    /// All bytes, their length announced.
    Good(Vec<u8>),
    /// These bytes with no length announced, until the connection closes.
    Unannounced(Vec<u8>),
    /// These bytes, a greater length announced, then the connection closes.
    BreakOff { announced: usize, bytes: Vec<u8> },
    /// These bytes, a greater length announced, then silence.
    Stall { announced: usize, bytes: Vec<u8> },
    /// Silence from the beginning.
    Silence,
    /// A status line such as `404 Not Found`.
    Status(&'static str),
}

/// Runs until the test program ends.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `reply` is given the name of the file that was asked for.
    pub fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mnist/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, reply) = (requests.clone(), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, reply) = (seen.clone(), reply.clone());
                thread::spawn(move || {
                    if let Some(file) = requested(&stream) {
                        seen.lock().unwrap().push(file.clone());
                        answer(stream, reply(&file));
                    }
                });
            }
        });
        Self { url, requests }
    }

    /// The files that were asked for, in order.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// The last part of the path.
fn requested(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_string();
    lines.find(|line| line.as_ref().is_ok_and(String::is_empty))?.ok()?;
    Some(path.rsplit('/').next()?.to_string())
}

/// A client that hangs up early is its own business: write errors are ignored.
fn answer(mut stream: TcpStream, reply: Reply) {
    const FOREVER: Duration = Duration::from_secs(60);
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let mut send = |head: &str, body: &[u8]| {
        let _ = stream.write_all(&[head.as_bytes(), body].concat());
    };
    match reply {
        Reply::Good(bytes) => send(&head(bytes.len()), &bytes),
        Reply::Unannounced(bytes) => send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", &bytes),
        Reply::BreakOff { announced, bytes } => send(&head(announced), &bytes),
        Reply::Stall { announced, bytes } => {
            send(&head(announced), &bytes);
            thread::sleep(FOREVER);
        }
        Reply::Silence => thread::sleep(FOREVER),
        Reply::Status(status) => {
            send(&format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), &[])
        }
    }
}
