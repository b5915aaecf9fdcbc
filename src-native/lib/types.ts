/**
 * Types of the addon. Everything is an interface or a plain type, so that tests can put fakes in its place.
 *
 * Offsets and lengths are bytes from the start of the arena. `desc`, `meta`, `lengths` and `result` are
 * Int32 indexes (byte offset divided by four) of lists in the arena. Whatever lies outside the arena is
 * refused with a RangeError whose `code` is `ERR_OUT_OF_ARENA`.
 */

import type { NativeNetlink, NetlinkOptions } from './netlink-types.ts';

/** The AEAD of a key: 1 is AES-256-GCM, 2 is ChaCha20-Poly1305. */
export type AeadSuite = 1 | 2;

/** An error of a system call, such as `{ code: 'ENODEV', errno: 19, syscall: 'ioctl(TUNSETIFF)' }`. */
export interface NativeSystemError extends Error {
  readonly code: string;
  /** Positive error number. */
  readonly errno: number;
  readonly syscall: string;
}

export interface TunOptions {
  /** At most 15 bytes; a name with `%d` lets the kernel number the device. */
  readonly name: string;
  /** Packets the kernel queues towards the reader; the kernel's default is 500. */
  readonly queueLength?: number;
  /** `true` lets the device outlive this process, `false` undoes that, absent leaves it as it is. */
  readonly persist?: boolean;
}

/** A TUN device whose reads and writes are IP packets up to 64 KiB behind a 10-byte virtio header. */
export interface NativeTun {
  readonly name: string;
  /** Mask of the `TUN_F_*` offloads that the kernel accepted. */
  readonly offloads: number;
  readonly ifindex: number;
  /** Packets the kernel refused, since the device was opened. */
  readonly refusedWrites: number;
  /** Error number of the last refused packet; 0 if none was refused. */
  readonly lastWriteErrno: number;
  /**
   * Reads up to `max` packets; packet `i` lies at `base + i * stride` and its length, header included, in
   * `lengths[i]`.
   * @param stride - at least 65,545, the largest packet with its header.
   * @returns the number of packets; less than `max` when the queue is empty.
   * @throws NativeSystemError `EBADFD` once the device has been deleted.
   */
  read(base: number, stride: number, max: number, lengths: number): number;
  /**
   * Writes `count` packets; `desc` has 2 ints each: offset and length, header included. What the kernel
   * refuses is skipped and counted in `refusedWrites`.
   * @returns the number of packets written.
   */
  write(desc: number, count: number): number;
  /** Calls back while packets wait (level triggered) until stopped; also once when the device is gone. */
  startPolling(onReadable: () => void): void;
  stopPolling(): void;
  close(): void;
}

export interface UdpSocketOptions {
  readonly family: 4 | 6;
  /** Absent means every local address. */
  readonly localAddress?: string;
  /** 0 lets the kernel choose. */
  readonly localPort: number;
  /** Sends and receives over this interface only (`SO_BINDTODEVICE`). */
  readonly device?: string;
  /** Interface index for a link-local `localAddress`. */
  readonly scopeId?: number;
  /** Firewall mark of what is sent (`SO_MARK`). */
  readonly mark?: number;
  /** Beyond the system's limit only for a privileged process; others get as much as it allows. */
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
  /** Learns the local address of each datagram, so that an answer leaves from where it was asked. */
  readonly packetInfo?: boolean;
  /** Takes IPv4 as well; only with family 6. */
  readonly dualStack?: boolean;
  readonly reusePort?: boolean;
}

/** One entry of a socket's error queue. */
export interface UdpError {
  /** Positive error number. */
  readonly errno: number;
  readonly code: string;
  /** Where the datagram was going; 0 if the address table is full. */
  readonly addressId: number;
  /** The size the path allows, for `EMSGSIZE`; else 0. */
  readonly mtu: number;
}

/** An unconnected UDP socket with batched, offloaded input and output. Path MTU discovery is left to the caller. */
export interface NativeUdpSocket {
  readonly localPort: number;
  /**
   * Receives up to `max` messages (at most 32 a call) into slots at `base + i * stride`; `meta` gets 4 ints
   * each: offset, length, segment bytes, address id. Where the kernel joined datagrams, segment bytes is
   * the length of each but the last; else it equals length. Empty datagrams are dropped. Ids stay valid until the next call unless pinned.
   * @param stride - at least 65,536: the kernel joins datagrams up to that.
   * @returns the number of messages.
   */
  receive(base: number, stride: number, max: number, meta: number): number;
  /**
   * Sends datagrams; `desc` has 4 ints each: offset, length, address id, 0. Neighbours of one length and
   * address (the last may be shorter) leave as one segmented send. `result` gets 2 ints: the error number
   * of the last failed group, or 0, and the number of datagrams in failed groups. An id that names nobody this
   * socket may send to fails with `EDESTADDRREQ`.
   * @returns how many datagrams were dealt with; less than `count` only when the queue below is full.
   */
  send(desc: number, count: number, result: number): number;
  /** Takes the errors that came back from the network, oldest first; at most 64 are kept. */
  takeErrors(): UdpError[];
  /** Calls back while datagrams or errors wait (level triggered) until stopped. */
  startPolling(onReadable: () => void): void;
  stopPolling(): void;
  /** Calls back once when the socket's buffer has room; a second call replaces the callback. */
  onceWritable(onWritable: () => void): void;
  close(): void;
}

export interface AddressDescription {
  /** IPv4-mapped addresses are given as IPv4. */
  readonly address: string;
  readonly port: number;
  /** Interface index of a link-local IPv6 address; else 0. */
  readonly scopeId: number;
  /** The local address the datagram came to, if the socket learns it. */
  readonly localAddress: string | null;
  /** The interface it came in on, if known; else 0. */
  readonly ifindex: number;
}

/** Fires once at an absolute instant of `nowMicros()`; keeps the process alive only while it is set. */
export interface NativeDeadlineTimer {
  /** Replaces the deadline. One in the past fires at the next turn of the event loop. */
  set(deadlineMicros: number): void;
  clear(): void;
  close(): void;
}

/**
 * A listener for certain programs that start anywhere on this machine. Opening it takes CAP_NET_ADMIN and the machine's
 * own process ids; in another network namespace than the first one also the right to enter that one. It looks at once at
 * what starts after a quiet moment, and after a rest at what has started meanwhile.
 */
export interface NativeProcessStarts {
  /**
   * Tells from now on of processes with these executables, whose paths have no links, and of no others.
   *
   * @param restMillis how long to rest between two looks, 1 to 1,000
   */
  follow(executables: readonly string[], restMillis: number): void;
  /** Calls back when there is something to read, never for what starts other programs. */
  startPolling(onFound: () => void): void;
  stopPolling(): void;
  /** Process ids of what has started; -1 where the kernel had to drop some. */
  read(): number[];
  close(): void;
}

/**
 * Holds every process that is about to become one of certain programs, scripts included, until it is let through.
 * Whoever starts such a program waits meanwhile, so this process must never start one itself: it would wait for its own
 * answer. Opening it takes CAP_SYS_ADMIN, unless a group was handed over; using it takes no more than reading the
 * programs. Who waits when it is closed is let through, also by the end of this process, which it does not keep from
 * ending.
 */
export interface NativeExecGate {
  /** Its group, for handing over. What has a copy, too, keeps processes waiting after this one has ended. */
  readonly descriptor: number;
  /** @throws Error with the errno name, such as `ENOENT`. */
  add(path: string): void;
  remove(path: string): void;
  /** Holds no program from now on; who waits already still has to be let through. */
  clear(): void;
  startPolling(onReadable: () => void): void;
  /**
   * Those who wait, four numbers each: process id, device and inode of the program, and a ticket. Each ticket has to be
   * given to `allow` once.
   */
  read(): number[];
  allow(ticket: number): void;
  close(): void;
}

/**
 * Counts what UDP sockets move, while it is open, by programs that see each packet of the machine's sockets (BPF,
 * Linux 5.8). Opening it takes CAP_BPF and CAP_NET_ADMIN. The kernel ends it with this process.
 *
 * @throws Error with the errno name; `EINVAL` where the kernel is too old
 */
export interface NativeDatagramMeter {
  /** As {@link NativeApi.inetSockets}, and besides those UDP sockets without another end that have sent. */
  sockets(): InetSocket[];
  close(): void;
}

/**
 * Sees each question for a name that leaves this machine by UDP over one interface, and each answer that comes to it
 * there; on the loopback interface too. Opening it takes CAP_NET_RAW, and fails with `ENODEV` if there is no such interface.
 */
export interface NativeNameTap {
  startPolling(onReadable: () => void): void;
  stopPolling(): void;
  /** IP packets, at most 64 a call, each from the IP header on and cut off behind 4,096 bytes. */
  read(): Uint8Array[];
  close(): void;
}

/** A rule of the kernel's routing about one address, or what all rules of one owner and priority have in common. */
export interface HostRule {
  readonly family: 4 | 6;
  readonly priority: number;
  /** Number by which rules of a program are told from those of others. */
  readonly owner: number;
  /** May be left out when one is removed: then the first of this owner and priority goes. */
  readonly address?: string;
  /** Bits of a packet's mark that have to be 0. */
  readonly markMask?: number;
  /** Number of an IP protocol. */
  readonly protocol?: number;
  readonly port?: number;
  /** Where the rule leads; without this and `goto`, programs hear that there is no way. */
  readonly table?: number;
  /** Priority of a later rule to go on with. */
  readonly goto?: number;
}

/** A socket in use. */
export interface InetSocket {
  /** Number by which `/proc/PID/fd` names it; 0 if no process has it. */
  readonly inode: number;
  /** Own address; of a socket that is not connected, the one that it last sent from. */
  readonly local: string;
  /** The other end; `0.0.0.0` or `::`, and port 0, of a socket that is not connected. */
  readonly remote: string;
  readonly remotePort: number;
  /** Payload so far; of UDP, which the kernel does not count, what a {@link NativeDatagramMeter} has seen, else 0. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/**
 * Everything the addon offers. Classes: `close()` may be called twice, any other method after it throws an
 * Error with code `ERR_CLOSED`; an object that is collected closes itself, but not while it is polled.
 */
export interface NativeApi {
  /**
   * Makes the shared memory. It is touched lazily and lives until the process ends.
   * @param bytes - 4,096 to 2,147,483,647.
   * @throws Error `ERR_ARENA_EXISTS` at the second call.
   */
  readonly createArena: (bytes: number) => ArrayBuffer;
  /** `CLOCK_BOOTTIME` in whole microseconds: monotonic, and runs on during suspend. */
  readonly nowMicros: () => number;
  /**
   * Gives an address its id, 1 to 4,096. An id that is not pinned may be given to another address later.
   * @param scopeId - interface index, for link-local addresses only.
   * @throws Error `ERR_ADDRESS_TABLE_FULL` if every entry is pinned.
   */
  readonly addressIntern: (ip: string, port: number, scopeId?: number) => number;
  /** @throws RangeError `ERR_BAD_ADDRESS` for an id that is not in use. */
  readonly addressDescribe: (id: number) => AddressDescription;
  /**
   * A 32-bit number that is equal for equal remote addresses, whatever the port, and that senders cannot foretell.
   * @throws RangeError `ERR_BAD_ADDRESS` for an id that is not in use.
   */
  readonly addressSource: (id: number) => number;
  /** Keeps an id from being recycled; counted. */
  readonly addressPin: (id: number) => void;
  readonly addressUnpin: (id: number) => void;
  /**
   * Adds a key, which is copied.
   * @param key - 32 bytes.
   * @param iv - 12 bytes, mixed with each datagram's number.
   * @returns the slot, above 0 and never given out again.
   * @throws Error `ERR_NO_KEY_SLOT` when 1,024 keys are held.
   */
  readonly keyAdd: (suite: AeadSuite, key: Uint8Array, iv: Uint8Array) => number;
  /** Wipes a key; harmless for a slot that holds none. */
  readonly keyDrop: (slot: number) => void;
  /** Whether this processor has instructions for AES-GCM. */
  readonly hasAesHardware: () => boolean;
  /**
   * Seals datagrams. `desc` has 6 ints each: dst (its 12-byte header is there), key slot, index of the
   * segment list, segment count, out length (written), 0. A segment has 2 ints: offset, length. Segments
   * are encrypted in order to `dst + 12`, followed by the 16-byte tag. A segment lies either exactly where
   * its output goes or apart from the whole datagram.
   * @throws Error `ERR_BAD_KEY_SLOT`, RangeError `ERR_OVERLAP`; datagrams before the faulty one are sealed.
   */
  readonly seal: (desc: number, count: number) => void;
  /**
   * Opens datagrams in place. `desc` has 4 ints each: offset, length, key slot, ok (written, 1 or 0). The
   * plaintext of `length - 32` bytes lies at `offset + 16`; where ok is 0, those bytes are undefined.
   * @returns how many are authentic.
   */
  readonly open: (desc: number, count: number) => number;
  /**
   * Whether the interface is up and its cable or radio is connected, as the driver sees it this moment;
   * `null` if there is no such interface.
   */
  readonly carrierUp: (interfaceName: string) => boolean | null;
  /**
   * Has every IP socket that processes of a control group make, and of those below it without a mark of their own,
   * begin with a mark, in this network namespace. A second call replaces the mark. It lasts as long as the group.
   * @param path - folder of the group.
   * @throws Error with the errno name: `EPERM` without CAP_BPF and CAP_NET_ADMIN, or where another program's marks are
   * in the way; `ENOSYS` and `EINVAL` where the kernel lacks it.
   */
  readonly cgroupMarkSet: (path: string, mark: number) => void;
  /** Takes the mark away again; sockets that have it keep it. Harmless where there is none. */
  readonly cgroupMarkClear: (path: string) => void;
  /**
   * What `/proc/PID/exe` points to, also where that file was replaced since; null, without the cost of an error, for a
   * process that has ended or hides it.
   */
  readonly executableOf: (pid: number) => string | null;
  /**
   * Has the next {@link NativeExecGate} made of a group that somebody with CAP_SYS_ADMIN has opened and handed over.
   * It is a copy, which no child gets; the caller closes the descriptor itself. Programs that it held are let go.
   * @throws Error with the errno name, `EINVAL` for what is no group.
   */
  readonly adoptExecGroup: (fd: number) => void;
  /** Who is at the other end of a Unix stream socket, as of when it connected. */
  readonly peerCredentials: (fd: number) => PeerCredentials;
  /**
   * Sends a message to a service manager's socket, such as `$NOTIFY_SOCKET`; `@` begins an abstract name.
   * @param descriptor - goes along: the manager gets a copy.
   */
  readonly sdNotify: (path: string, message: string, descriptor?: number) => void;
  /**
   * Waits until the service manager has dealt with all that was sent to it before; nothing else runs meanwhile.
   * @returns false if it has not within the time.
   */
  readonly sdBarrier: (path: string, timeoutMillis: number) => boolean;
  /**
   * Asks for turns of this length on the processor, for this thread: the shorter they are, the sooner it gets one after
   * it was woken, and the sooner the next has its own; the share of the processor stays. 100 to 100,000 microseconds.
   * Kernels before Linux 6.12 take no notice. Source: Linux kernel, Documentation/scheduler/sched-eevdf.rst.
   */
  readonly useTimeSlice: (micros: number) => void;
  /** The connected TCP and UDP sockets of this network namespace. */
  readonly inetSockets: () => InetSocket[];
  /**
   * Adds or removes one rule of the routing, in some tens of microseconds.
   * @returns false if it was there already, or there was none.
   */
  readonly hostRule: (isWanted: boolean, rule: HostRule) => boolean;
  /** Calls back once at the deadline that was set. */
  readonly DeadlineTimer: new (onDeadline: () => void) => NativeDeadlineTimer;
  readonly Tun: new (options: TunOptions) => NativeTun;
  readonly UdpSocket: new (options: UdpSocketOptions) => NativeUdpSocket;
  readonly Netlink: new (options: NetlinkOptions) => NativeNetlink;
  readonly ProcessStarts: new () => NativeProcessStarts;
  readonly ExecGate: new () => NativeExecGate;
  readonly NameTap: new (ifindex: number) => NativeNameTap;
  /** `root` is the mount point of cgroup v2. */
  readonly DatagramMeter: new (root: string) => NativeDatagramMeter;
}
