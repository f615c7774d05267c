//! The one fact that tells the reasons of an outcome apart.

/// Which of the reasons that an outcome can have is the case. The names are those of the asset, in kebab-case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Circumstance {
    /// The socket was never connected.
    NeverConnected,
    /// It has no address of its own yet.
    Unbound,
    /// The kernel is to choose the port itself.
    NoPort,
    /// The destination's port is 0, which no socket can have.
    ZeroPort,
    /// The address is one of IPv4 where the socket is one of IPv6, or the other way round.
    OtherFamily,
    /// An old connection in TIME_WAIT has the port.
    TimeWait,
    /// The socket listens.
    Listening,
    /// The listener at the destination has no room for one more connection.
    QueueFull,
    /// The handshake isn't done yet: SYN_SENT or SYN_RECV.
    Connecting,
    /// The socket is one end of a connection that stands.
    Connected,
    /// The other program hasn't called `accept()` yet.
    NotAccepted,
    /// The own program has called `shutdown()` for this direction.
    Shut,
    /// The peer's FIN has come: it sends no more.
    PeerClosed,
    /// The peer's RST has ended the connection.
    Reset,
    /// There was a connection, and it is over.
    Over,
    /// Less was done than was asked for.
    Short,
    /// Received bytes were not read.
    Unread,
    /// Bytes wait to be sent or acknowledged.
    Unsent,
    /// Only the direction of receiving is ended.
    OnlyReading,
    /// Sending and receiving are both ended by the own program.
    BothWays,
    /// The peer's FIN had come, and now the own direction is ended too.
    LastDirection,
    /// The peer's FIN has come, and the own direction is ended too.
    BothEnded,
    /// The own program had called `shutdown()` for this direction before there was a connection.
    ShutEarly,
    /// The descriptor was closed while the call slept.
    ClosedMeanwhile,
    /// The peer's FIN had come, and then a RST.
    ResetAfterFin,
    /// Another thread has called `shutdown()` for this direction while the call slept.
    ShutMeanwhile,
    /// Nothing comes of it.
    NoEffect,
    /// SO_REUSEADDR is set on this socket, and isn't on the one that has the port.
    ReuseHereOnly,
    /// Another socket is bound to the port, and does nothing else.
    Bound,
    /// The kernel took another number than it was given.
    Capped,
    /// A connection is handed out only when data has come: TCP_DEFER_ACCEPT.
    Defers,
    /// The socket is connected to itself, or about to be.
    ToItself,
    /// Both ends have sent a SYN.
    Simultaneous,
    /// Nothing became ready in time.
    NothingReady,
    /// No byte was asked for.
    NothingAsked,
    /// SO_LINGER of 0 seconds.
    LingerZero,
    /// SO_LINGER: all was acknowledged while the call waited.
    Lingered,
    /// SO_LINGER: its time was over before all was acknowledged.
    LingerOver,
    /// A RST was sent, and what is known doesn't say why.
    ResetSent,
    /// Segments aren't seen here, so that what was sent isn't known.
    Unseen,
    /// The attempt to connect was refused.
    Refused,
    /// The kernel has given up.
    GaveUp,
    /// There is something to take.
    Ready,
    /// Nobody that is known has the port any more.
    Free,
    /// The socket is for datagrams: what is told of TCP isn't so of it.
    Datagrams,
    /// Urgent data was asked for: MSG_OOB.
    OutOfBand,
    /// All bytes were to be waited for: MSG_WAITALL.
    WaitAll,
    /// The call is to connect, too: MSG_FASTOPEN.
    FastOpen,
    /// The SYN goes only with the first bytes: TCP_FASTOPEN_CONNECT, and a cookie of the server.
    SynLater,
    /// An attempt to connect is over whose end no `connect()` has told yet.
    Attempted,
    /// A connection is to be dissolved: AF_UNSPEC.
    Dissolves,
    /// The same of a socket for datagrams.
    DissolvesDatagrams,
    /// The descriptor is an epoll instance.
    EpollInstance,
    /// Not even one event was asked for.
    NoRoom,
    /// The host of `getaddrinfo()` is an address as text.
    NumericHost,
    /// It is NULL.
    NullHost,
    /// The service of `getaddrinfo()` is a number that no port has.
    PortTooGreat,
    /// The time of SO_RCVTIMEO or SO_SNDTIMEO was over.
    TimeOver,
    /// How many bytes were offered isn't known, only that there were as many as the kernel took.
    CountTaken,
    /// TCP_CORK or MSG_MORE holds the bytes back: nothing was sent.
    Corked,
    /// All bytes are to be waited for, and to be left where they are: MSG_WAITALL with MSG_PEEK.
    PeekAll,
    /// A connection, an attempt or a listener is dissolved by AF_UNSPEC, and no RST is sent for it.
    DissolvesQuietly,
    /// The own FIN had been sent, or was to be, before.
    FinSent,
    /// Received bytes were not read, and the own FIN had been sent before.
    UnreadAfterFin,
    /// SO_LINGER of 0 seconds has thrown away what was left, without a RST.
    ThrownAway,
    /// The direction had been ended already.
    AlreadyShut,
    /// TCP_REPAIR is set.
    Repair,
    /// A descriptor lies beyond the table of the process, so that `select()` doesn't look at it.
    BeyondTable,
    /// A polled descriptor isn't open.
    NotOpen,
    /// The address has no family: AF_UNSPEC.
    NoFamily,
    /// The length that goes with the address is none that an address of the socket's family has, or is missing.
    AddressLength,
    /// `bind()` had failed before.
    BindFailed,
    /// A datagram without a byte.
    EmptyDatagram,
    /// The descriptor is below 0, as what a call returns that has failed.
    NoDescriptor,
    /// The call is to execute a file.
    Executes,
}
