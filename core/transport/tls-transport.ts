import { constants } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { deferred } from '../base/deferred.js';
import type { TlsOptions } from '../config/options.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import {
  type ByteStream,
  formatTransportAddress,
  type StreamAcceptor,
  type StreamServer,
  type Transport,
  type TransportAddress,
  type TransportDialOptions,
} from './byte-stream.js';
import { connected } from './dial-socket.js';
import { bindFailed, dialFailed } from './network-errors.js';
import { SocketStream } from './socket-stream.js';
import { remoteOf, SocketServer } from './tcp-transport.js';

/** Bound on a TLS handshake at the side that listens; Node's own default is two minutes. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** TLS handshakes at a time; more are hung up on, as each costs a signature. */
const HANDSHAKES_MAX = 64;

const SECURITY = {
  minVersion: 'TLSv1.2',
  // Whoever may renegotiate may make us compute for nothing, again and again.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const;

/**
 * TLS over TCP. The one who dials checks the certificate and its name, or its fingerprint; the one
 * who listens asks for a certificate and checks it, unless `requestCert: false`.
 */
export class TlsTransport implements Transport {
  readonly #options: TlsOptions;
  readonly #context: tls.SecureContextOptions;
  readonly #pins: ReadonlySet<string>;
  readonly #handshakeTimeoutMs: number;

  /** Fails with `INVALID_ARGUMENT` when certificate, key and authorities cannot be used. */
  constructor(options: TlsOptions, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS) {
    const { cert, key, passphrase, ca, peerFingerprints = [] } = options;
    this.#options = options;
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
    this.#pins = new Set(peerFingerprints.map(normalFingerprint));
    this.#context = {
      ...SECURITY,
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(ca === undefined ? {} : { ca }),
    };
    try {
      tls.createSecureContext(this.#context);
    } catch (cause) {
      throw new RpcError('INVALID_ARGUMENT', `tls: ${describeThrown(cause)}`, { cause });
    }
  }

  async dial(address: TransportAddress, options: TransportDialOptions): Promise<ByteStream> {
    const name = formatTransportAddress(address);
    const { socket } = await connected(name, options, () => ({
      socket: this.#connect(address),
      event: 'secureConnect' as const,
    }));
    if (this.#isPinned(socket)) return new SocketStream(socket, name);
    socket.destroy();
    throw dialFailed(name, 'its certificate is none of tls.peerFingerprints');
  }

  async listen(address: TransportAddress, acceptor: StreamAcceptor): Promise<StreamServer> {
    const { cert, key, ca, requestCert = true } = this.#options;
    if (cert === undefined || key === undefined) {
      throw new RpcError('INVALID_ARGUMENT', 'listen.tls needs cert and key');
    }
    if (requestCert && ca === undefined && this.#pins.size === 0) {
      const cure = 'ca or peerFingerprints say whom to trust; requestCert: false trusts anybody';
      throw new RpcError('INVALID_ARGUMENT', `listen.tls: ${cure}`);
    }
    const server = tls.createServer({
      ...this.#context,
      requestCert,
      rejectUnauthorized: requestCert && this.#checksAuthority,
      handshakeTimeout: this.#handshakeTimeoutMs,
    });
    const underWay = limitHandshakes(server, acceptor);
    server.on('secureConnection', (socket) => this.#accept(socket, address, acceptor));
    const streams = await bound(server, address, acceptor);
    const close = (): Promise<void> => {
      const closed = streams.close();
      for (const socket of underWay.values()) socket.destroy();
      return closed;
    };
    return { address: streams.address, close };
  }

  /** A fingerprint without authorities decides alone. */
  get #checksAuthority(): boolean {
    return this.#pins.size === 0 || this.#options.ca !== undefined;
  }

  #connect(address: TransportAddress): tls.TLSSocket {
    const isNamed = 'host' in address && net.isIP(address.host) === 0;
    return tls.connect({
      ...address,
      ...this.#context,
      ...(isNamed ? { servername: address.host } : {}),
      rejectUnauthorized: this.#checksAuthority,
      ...(this.#pins.size === 0 ? {} : { checkServerIdentity: () => undefined }),
    });
  }

  #accept(socket: tls.TLSSocket, address: TransportAddress, acceptor: StreamAcceptor): void {
    const isTrusted = this.#options.requestCert === false || this.#isPinned(socket);
    if (isTrusted) return acceptor.onStream(new SocketStream(socket, remoteOf(socket, address)));
    socket.on('error', () => {});
    socket.destroy();
    acceptor.onAcceptError(new Error('a certificate is none of tls.peerFingerprints'));
  }

  #isPinned(socket: tls.TLSSocket): boolean {
    if (this.#pins.size === 0) return true;
    const { fingerprint256 } = socket.getPeerCertificate() as { fingerprint256?: string };
    return fingerprint256 !== undefined && this.#pins.has(normalFingerprint(fingerprint256));
  }
}

function normalFingerprint(text: string): string {
  return text.replaceAll(':', '').toUpperCase();
}

/**
 * Hangs up on whoever comes while too many handshakes are under way, and on those that fail.
 * Answers the sockets that are in one, by the names of their peers.
 */
function limitHandshakes(
  server: tls.Server,
  acceptor: StreamAcceptor,
): ReadonlyMap<string, net.Socket> {
  const underWay = new Map<string, net.Socket>();
  const nameOf = ({ remoteAddress, remotePort }: net.Socket): string =>
    `${remoteAddress}:${remotePort}`;
  server.on('connection', (socket: net.Socket) => {
    if (underWay.size >= HANDSHAKES_MAX) {
      socket.destroy();
      acceptor.onAcceptError(new Error(`more than ${HANDSHAKES_MAX} TLS handshakes at a time`));
      return;
    }
    const name = nameOf(socket);
    underWay.set(name, socket);
    socket.once('close', () => underWay.delete(name));
  });
  server.on('secureConnection', (socket) => underWay.delete(nameOf(socket)));
  server.on('tlsClientError', (error, socket) => {
    // Node does so for some failures, but not for a handshake that takes too long.
    socket.destroy();
    acceptor.onAcceptError(error);
  });
  return underWay;
}

function bound(
  server: tls.Server,
  address: TransportAddress,
  acceptor: StreamAcceptor,
): Promise<StreamServer> {
  const outcome = deferred<StreamServer>();
  const onBindError = (cause: Error): void =>
    outcome.reject(bindFailed(formatTransportAddress(address), cause));
  server.once('error', onBindError);
  server.listen({ ...address, exclusive: true }, () => {
    server.off('error', onBindError);
    server.on('error', (error) => acceptor.onAcceptError(error));
    outcome.resolve(new SocketServer(server, address));
  });
  return outcome.promise;
}
