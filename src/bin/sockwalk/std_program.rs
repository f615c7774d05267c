//! The server and the client of a lesson's programs: what a person writes with the standard library, and nothing of sockwalk's.
//!
//! Each line of the lesson `programs` is about what stands here, so it stays as plain as a course's first example.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::{io, thread};

use sockwalk::model::Side;

/// Plays a side's part until it is done.
pub fn run(side: Side, address: SocketAddr) -> io::Result<()> {
    match side {
        Side::Server => server(address),
        Side::Client => client(address),
    }
}

fn server(address: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    loop {
        let (connection, _) = listener.accept()?;
        thread::spawn(move || serve(connection));
    }
}

fn serve(mut connection: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    let length = connection.read(&mut buffer)?;
    if length > 0 {
        connection.write_all(b"success")?;
    }
    Ok(())
}

fn client(address: SocketAddr) -> io::Result<()> {
    let mut connection = TcpStream::connect(address)?;
    connection.write_all(b"hello")?;
    let mut buffer = [0; 1024];
    while connection.read(&mut buffer)? > 0 {}
    Ok(())
}
