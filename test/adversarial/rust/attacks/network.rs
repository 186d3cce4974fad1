//! PORT is a port on which the host listens (TCP and UDP), NAME an abstract socket, SOCKET the path of another.
use super::{hidden, sys, tell, text};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

const AF_INET: i32 = 2;
const AF_PACKET: i32 = 17;
const AF_ALG: i32 = 38;
const AF_VSOCK: i32 = 40;

pub fn all() {
    let port: u16 = text("PORT").unwrap().parse().unwrap();
    tell("TCP to the host", TcpStream::connect(("127.0.0.1", port)));
    tell("TCP to the world", TcpStream::connect(("192.0.2.1", 80)));
    tell("TCP over IPv6", TcpStream::connect(("2001:db8::1", 80)));
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // The sandbox has a loopback of its own, where nobody listens: sending alone says nothing.
    let _ = socket.send_to(b"reached", ("127.0.0.1", port));
    tell("UDP to the world", socket.send_to(b"x", ("192.0.2.1", 53)));
    tell("DNS", ("example.com", 80).to_socket_addrs());
    let name = SocketAddr::from_abstract_name(text("NAME").unwrap()).unwrap();
    tell("an abstract socket", UnixStream::connect_addr(&name));
    tell("the node's socket", UnixStream::connect(hidden("SOCKET")));
    tell("the machine below, by VSOCK", sys::open_socket(AF_VSOCK, 1));
    tell("the kernel's ciphers, by ALG", sys::open_socket(AF_ALG, 5));
    tell("raw packets", sys::open_socket(AF_PACKET, 3));
    tell("raw IP", sys::open_socket(AF_INET, 3));
}
