//! Rust's standard library: a listener, and a stream from another thread.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // Before the other end accepts: accept() takes its number before it waits.
    let mut stream = TcpStream::connect(address)?;
    let client = std::thread::spawn(move || -> std::io::Result<String> {
        stream.set_nodelay(true)?;
        stream.write_all(b"hello")?;
        stream.shutdown(Shutdown::Write)?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    });
    let (mut stream, _) = listener.accept()?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    stream.write_all(text.to_uppercase().as_bytes())?;
    drop(stream);
    println!("{}", client.join().expect("no panic")?);
    Ok(())
}
