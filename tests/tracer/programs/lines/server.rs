//! A listener and its client in one process. Behind each line that makes a call stands which.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn wait_for_client(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().expect("a client"); // makes: accept4
    stream
}

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?; // makes: socket bind listen
    let address = listener.local_addr()?;
    let mut client = TcpStream::connect(address)?; // makes: socket connect
    let mut connection = wait_for_client(&listener); // calls wait_for_client
    client.write_all(b"hello")?; // makes: sendto write
    let mut text = [0; 5];
    let read = |stream: &mut TcpStream, text: &mut [u8]| stream.read_exact(text); // makes: recvfrom read
    read(&mut connection, &mut text)?;
    println!("{}", String::from_utf8_lossy(&text));
    drop(connection); // makes: close
    drop(client); // makes: close
    drop(listener); // makes: close
    Ok(())
}
