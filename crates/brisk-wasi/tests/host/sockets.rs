//! Listeners and connections.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use brisk_wasi::{DirPerms, FilePerms, WasiCtxBuilder};

use crate::support::*;

const PEEK: i64 = 1;
const WAITALL: i64 = 2;

fn listening() -> (Guest, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (Guest::new(WasiCtxBuilder::new().tcp_listener(listener).unwrap()), address)
}

/// A guest with a connection, and the host's end of it.
fn connected() -> (Guest, u32, TcpStream) {
    let (mut guest, address) = listening();
    let peer = TcpStream::connect(address).unwrap();
    guest.call("sock_accept", &[3, 0, 0]).unwrap();
    let fd = guest.u32(0);
    (guest, fd, peer)
}

fn recv(guest: &mut Guest, fd: u32, len: u32, flags: i64) -> Result<(Vec<u8>, u16)> {
    let [iovs, n] = guest.iovs(&[(DATA, len / 2), (DATA + len / 2, len - len / 2)]);
    guest.call("sock_recv", &[fd.into(), iovs, n, flags, 0, 4])?;
    Ok((guest.get(DATA, guest.u32(0)), guest.u16(4)))
}

fn send(guest: &mut Guest, fd: u32, bytes: &[u8]) -> Result<u32> {
    guest.put(DATA, bytes);
    let [iovs, n] = guest.iovs(&[(DATA, 1), (DATA + 1, bytes.len() as u32 - 1)]);
    guest.call("sock_send", &[fd.into(), iovs, n, 0, 0])?;
    Ok(guest.u32(0))
}

#[test]
fn a_conversation() {
    let (mut guest, fd, mut peer) = connected();
    assert_eq!(guest.fdstat(fd).unwrap().filetype, 6);
    assert_eq!(guest.fd_stat(fd).unwrap().filetype, 6);
    peer.write_all(b"question").unwrap();
    assert_eq!(recv(&mut guest, fd, 100, PEEK), Ok((b"question".to_vec(), 0)));
    assert_eq!(recv(&mut guest, fd, 4, 0), Ok((b"ques".to_vec(), 0)));
    assert_eq!(guest.read(fd, 100), Ok(b"tion".to_vec()));
    assert_eq!(send(&mut guest, fd, b"answer"), Ok(6));
    assert_eq!(guest.write(fd, b" and more"), Ok(9));
    let mut got = [0; 15];
    peer.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"answer and more");
    drop(peer);
    assert_eq!(recv(&mut guest, fd, 100, 0), Ok((vec![], 0)));
}

#[test]
fn accepting_waits_unless_told_not_to() {
    let (mut guest, address) = listening();
    assert_eq!(guest.call("fd_fdstat_set_flags", &[3, NONBLOCK]), Ok(()));
    assert_eq!(guest.call("sock_accept", &[3, 0, 0]), Err("again"));
    assert_eq!(guest.call("fd_fdstat_set_flags", &[3, 0]), Ok(()));
    let connecting = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        TcpStream::connect(address).unwrap()
    });
    assert_eq!(guest.call("sock_accept", &[3, NONBLOCK, 0]), Ok(()));
    let fd = guest.u32(0);
    let _peer = connecting.join().unwrap();
    assert_eq!(guest.fdstat(fd).unwrap().flags, NONBLOCK);
    assert_eq!(recv(&mut guest, fd, 10, 0), Err("again"));
    for flags in [APPEND, 2, 8, 16, 32, NONBLOCK | 1] {
        assert_eq!(guest.call("sock_accept", &[3, flags, 0]), Err("inval"));
    }
    assert_eq!(guest.call("sock_accept", &[3, 0, MEMORY.into()]), Err("fault"));
}

#[test]
fn receiving_waits_for_something_or_for_all() {
    let (mut guest, fd, mut peer) = connected();
    let sending = std::thread::spawn(move || {
        for part in [&b"one"[..], b"two", b"three"] {
            std::thread::sleep(Duration::from_millis(30));
            peer.write_all(part).unwrap();
        }
        peer
    });
    assert_eq!(recv(&mut guest, fd, 100, 0), Ok((b"one".to_vec(), 0)));
    assert_eq!(recv(&mut guest, fd, 6, WAITALL), Ok((b"twothr".to_vec(), 0)));
    drop(sending.join().unwrap());
    // The end ends the waiting.
    assert_eq!(recv(&mut guest, fd, 6, WAITALL), Ok((b"ee".to_vec(), 0)));
    assert_eq!(recv(&mut guest, fd, 6, 4), Err("inval"));
}

#[test]
fn either_direction_can_be_closed() {
    let (mut guest, fd, mut peer) = connected();
    let f = i64::from(fd);
    for how in [0, 4, 8, -1] {
        assert_eq!(guest.call("sock_shutdown", &[f, how]), Err("inval"));
    }
    assert_eq!(guest.call("sock_shutdown", &[f, 2]), Ok(()));
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    // No signal comes to the host for this.
    assert_eq!(send(&mut guest, fd, b"late"), Err("pipe"));
    assert_eq!(guest.write(fd, b"late"), Err("pipe"));
    peer.write_all(b"still here").unwrap();
    assert_eq!(recv(&mut guest, fd, 100, 0), Ok((b"still here".to_vec(), 0)));
    assert_eq!(guest.call("sock_shutdown", &[f, 1]), Ok(()));
    assert_eq!(recv(&mut guest, fd, 100, 0), Ok((vec![], 0)));
    peer.shutdown(Shutdown::Both).unwrap();
}

#[test]
fn calls_for_sockets_on_other_things() {
    let (mut guest, dir) = Guest::with_dir();
    drop(dir);
    let [iovs, n] = guest.iovs(&[(DATA, 1)]);
    for fd in [0, 1, 3] {
        assert_eq!(guest.call("sock_accept", &[fd, 0, 0]), Err("notsock"));
        assert_eq!(guest.call("sock_recv", &[fd, iovs, n, 0, 0, 4]), Err("notsock"));
        assert_eq!(guest.call("sock_send", &[fd, iovs, n, 0, 0]), Err("notsock"));
        assert_eq!(guest.call("sock_shutdown", &[fd, 3]), Err("notsock"));
    }
}

#[test]
fn rights_of_sockets() {
    let (mut guest, fd, _peer) = connected();
    // A listener carries no data, a connection accepts nothing.
    assert_eq!(recv(&mut guest, 3, 10, 0), Err("notcapable"));
    assert_eq!(send(&mut guest, 3, b"xx"), Err("notcapable"));
    assert_eq!(guest.call("sock_shutdown", &[3, 3]), Err("notcapable"));
    assert_eq!(guest.call("sock_accept", &[fd.into(), 0, 0]), Err("notcapable"));
    assert_eq!(guest.call("fd_fdstat_set_rights", &[fd.into(), FD_READ, 0]), Ok(()));
    assert_eq!(send(&mut guest, fd, b"xx"), Err("notcapable"));
    assert_eq!(guest.call("sock_shutdown", &[fd.into(), 3]), Err("notcapable"));
    let [iovs, n] = guest.iovs(&[(DATA, 1)]);
    assert_eq!(guest.call("sock_send", &[fd.into(), iovs, n, 1, 0]), Err("inval"));
}

/// What a listener hands down can be taken away.
#[test]
fn accepted_connections_inherit_from_the_listener() {
    let (mut guest, address) = listening();
    let stat = guest.fdstat(3).unwrap();
    let args = [3, stat.base, stat.inheriting & !FD_WRITE];
    assert_eq!(guest.call("fd_fdstat_set_rights", &args), Ok(()));
    let mut peer = TcpStream::connect(address).unwrap();
    guest.call("sock_accept", &[3, 0, 0]).unwrap();
    let fd = guest.u32(0);
    assert_eq!(send(&mut guest, fd, b"xx"), Err("notcapable"));
    peer.write_all(b"in").unwrap();
    assert_eq!(recv(&mut guest, fd, 10, 0), Ok((b"in".to_vec(), 0)));
}

#[test]
fn a_cut_off_message_is_reported() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"longer than that", socket.local_addr().unwrap()).unwrap();
    let mut guest = Guest::new(WasiCtxBuilder::new().preopened_socket(socket).unwrap());
    assert_eq!(guest.fdstat(3).unwrap().filetype, 5);
    assert_eq!(recv(&mut guest, 3, 6, 0), Ok((b"longer".to_vec(), 1)));
}

#[test]
fn connected_sockets_of_the_host_can_be_given() {
    let (mut host, given) = UnixStream::pair().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_socket(given).unwrap();
    builder.preopened_dir(dir.path(), "/", DirPerms::all(), FilePerms::all()).unwrap();
    let mut guest = Guest::new(&mut builder);
    // Directories come first, or programs that look for them would stop at the socket.
    assert_eq!(guest.call("fd_prestat_get", &[3, 0]), Ok(()));
    assert_eq!(guest.call("fd_prestat_get", &[4, 0]), Err("badf"));
    assert_eq!(send(&mut guest, 4, b"hello"), Ok(5));
    let mut got = [0; 5];
    host.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"hello");
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(WasiCtxBuilder::new().preopened_socket(file).is_err());
}

#[test]
fn the_host_can_end_a_wait_for_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut asked = 0;
    let mut builder = WasiCtxBuilder::new();
    builder.tcp_listener(listener).unwrap().on_wait(move || {
        asked += 1;
        if asked < 3 { Ok(()) } else { Err(brisk::Error::msg("enough")) }
    });
    let mut guest = Guest::new(&mut builder);
    let error = guest.raw("sock_accept", &[3, 0, 0]).unwrap_err();
    assert!(format!("{error:?}").contains("enough"));
}
