import { setMaxListeners } from 'node:events';
import { type CellAddress, recipientOf } from '../actor/cell.js';
import { type Address, endpointIdOf, formatAddress, parseAddress } from '../base/address.js';
import type { ListenOptions, TlsOptions } from '../config/options.js';
import { encodeIdentify } from '../codec/control-codec.js';
import { describeThrown, isRpcError, RpcError } from '../errors/rpc-error.js';
import type { Transport, TransportAddress } from '../transport/byte-stream.js';
import type { ConnectionOptions } from '../transport/connection.js';
import { dial } from '../transport/dial.js';
import type { Identity } from '../transport/handshake.js';
import { type Listener, listen } from '../transport/listener.js';
import { connectionFailed } from '../transport/network-errors.js';
import { type AnyGateway, callOptions, hasControl } from './gateway.js';
import { buildGateway } from './gateway-builder.js';
import { callsOf, type GatewayTarget } from './gateway-client.js';
import type { ConnectOptions } from './rpc-service.js';
import { findEndpoint, type FoundEndpoint, handshakeRequest } from './handshake.js';
import { RemotePeer } from './remote-peer.js';
import { RouteCell } from './route-cell.js';
import type { RpcThread } from './rpc-thread.js';
import {
  RECEPTION_SLOT,
  ReceptionGateway,
  type RemoteRoute,
  SYSTEM_INCARNATION,
} from './system-contracts.js';

/** An endpoint of another process, as its reception described it. */
interface RemoteEndpoint extends FoundEndpoint {
  readonly peer: RemotePeer;
  readonly address: string;
  readonly hostname: string;
}

/** How bytes travel to other processes. */
export interface PeerNetwork {
  readonly transport: Transport;
  /** For dialling over TLS. */
  readonly tls: TlsOptions | undefined;
}

/** The connections of a service, outgoing and incoming; all live on the home thread. */
export class RemotePeers {
  readonly #rpcThread: RpcThread;
  readonly #network: PeerNetwork;
  #secure: Promise<Transport> | undefined;
  readonly #identity: Identity;
  readonly #options: ConnectionOptions;
  readonly #peers = new Map<string, Promise<RemotePeer>>();
  /** Every connection of ours, from its dialling until its socket is gone. */
  readonly #dialled = new Set<Promise<RemotePeer>>();
  /** Cells of this process that stand for endpoints of a peer, by what they stand for. */
  readonly #routes = new WeakMap<RemotePeer, Map<string, RouteCell>>();
  readonly #examinations = new Set<Promise<void>>();
  /** Aborts when this is closed, and with it whoever is dialling. */
  readonly #closing = new AbortController();
  #listener: Listener | undefined;

  constructor(rpcThread: RpcThread, network: PeerNetwork, incarnation: number) {
    const { settings, clock, logger } = rpcThread.thread;
    this.#rpcThread = rpcThread;
    this.#network = network;
    this.#identity = { system: settings.systemName, incarnation: incarnation >>> 0 };
    const { maximumFramesize, connectTimeoutMs } = settings;
    this.#options = { clock, logger, maximumFramesize, connectTimeoutMs };
    // As many may dial at a time as there are peers.
    setMaxListeners(0, this.#closing.signal);
  }

  get port(): number {
    return this.#listener?.port ?? -1;
  }

  /** Opens the listener; answers the address that endpoints of this service have from now on. */
  async listen(at: ListenOptions): Promise<Omit<Address, 'path'>> {
    const transport = at.tls ? await secureTransport(at.tls) : this.#network.transport;
    this.#listener = await listen(transport, at, this.#identity, {
      ...this.#options,
      accept: (connection) => new RemotePeer(this.#rpcThread, connection),
    });
    const { system } = this.#identity;
    if (at.path !== undefined) return { protocol: 'unix', system, host: at.path, port: -1 };
    const protocol = at.tls ? 'tls' : 'tcp';
    return { protocol, system, host: at.host ?? '127.0.0.1', port: this.#listener.port };
  }

  /** A gateway for code of the home thread: it writes into the connection itself. */
  async connect(address: string, contract: AnyGateway, options: ConnectOptions): Promise<object> {
    const remote = await this.#resolve(address, handshakeRequest(contract));
    const target: GatewayTarget = {
      recipient: remote.recipient,
      incarnation: remote.incarnation,
      address: remote.address,
      hostname: remote.hostname,
      contract,
      methods: remote.methods,
      ...callsOf(options, this.#rpcThread.thread.settings.askTimeoutMs),
    };
    if (!hasControl(contract)) return buildGateway(target, remote.peer.client);
    const { client } = await this.#controlOf(remote);
    return buildGateway(target, remote.peer.client, { target, client });
  }

  /** A way for code of another thread: a cell here that passes its calls on. */
  async openRoute(
    address: string,
    request: Uint8Array,
    withControl: boolean,
  ): Promise<RemoteRoute> {
    const remote = await this.#resolve(address, request);
    const control = withControl ? await this.#controlOf(remote) : undefined;
    return {
      ...this.#routeTo(remote, remote.peer),
      control: control ? this.#routeTo(remote, control) : null,
      methods: remote.methods,
      address: remote.address,
      hostname: remote.hostname,
      recordLimitBytes: remote.peer.outlet.recordLimitBytes,
    };
  }

  /** Gives up dialling, sends what is committed; resolves when all sockets are gone. */
  async close(): Promise<void> {
    const { system } = this.#identity;
    this.#closing.abort(new RpcError('SERVICE_CLOSED', `service ${system} is closed`));
    const closed = [...this.#dialled].map((dialled) => dialled.then((peer) => peer.close()));
    const unbound = this.#listener?.close();
    await Promise.allSettled(closed);
    await Promise.all(this.#examinations);
    await unbound;
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** The way for one more gateway of another thread. */
  #routeTo({ recipient, incarnation }: RemoteEndpoint, peer: RemotePeer): CellAddress {
    const routes = this.#routesOf(peer);
    const key = `${recipient}/${incarnation}`;
    let route = routes.get(key);
    if (route === undefined) {
      const { thread } = this.#rpcThread;
      const onUnused = (): void => void routes.delete(key);
      route = new RouteCell(thread, peer, { recipient, incarnation }, onUnused);
      routes.set(key, route);
    }
    return route.take();
  }

  #routesOf(peer: RemotePeer): Map<string, RouteCell> {
    const known = this.#routes.get(peer);
    if (known) return known;
    const routes = new Map<string, RouteCell>();
    this.#routes.set(peer, routes);
    peer.onClosed(() => {
      for (const route of routes.values()) route.close();
    });
    return routes;
  }

  async #resolve(text: string, request: Uint8Array): Promise<RemoteEndpoint> {
    const address = parseAddress(text);
    if (!address || endpointIdOf(address) === undefined) {
      throw new RpcError('INVALID_ARGUMENT', `not an endpoint address: ${text}`, { address: text });
    }
    for (let isRetry = false; ; isRetry = true) {
      const peer = await this.#peer(address, text);
      try {
        const found = await this.#find(peer, address, text, request);
        const at = formatAddress({ ...address, path: found.path });
        return { ...found, peer, address: at, hostname: address.host };
      } catch (error) {
        // It was dead already, or found dead now: whoever lives there is asked anew.
        if (!isRetry && !peer.isOpen && !this.#isClosed) continue;
        throw unresolved(text, error);
      }
    }
  }

  /** Looks for the endpoint, and half-way into the time-out whether the connection is dead. */
  async #find(
    peer: RemotePeer,
    address: Address,
    text: string,
    request: Uint8Array,
  ): Promise<FoundEndpoint> {
    const { clock, connectTimeoutMs } = this.#options;
    const { receivedBytes } = peer;
    const timer = clock.schedule(() => {
      if (peer.isSilentSince(receivedBytes)) this.#examine(peer, address);
    }, connectTimeoutMs / 2);
    const receptionOf = (thread: number): ReceptionGateway =>
      this.#reception(peer, address, thread);
    try {
      return await findEndpoint(text, address.path, request, receptionOf);
    } finally {
      timer.cancel();
    }
  }

  #examine(peer: RemotePeer, address: Address): void {
    if (peer.examination || this.#isClosed) return;
    const examination = this.#compare(peer, address).finally(() => {
      peer.examination = undefined;
      this.#examinations.delete(examination);
    });
    peer.examination = examination;
    this.#examinations.add(examination);
  }

  /**
   * Tells a connection that the network forgot (its packets vanish, and no one says so) from a
   * peer that is slow: dead is what still says nothing when the same peer answers on a new
   * connection. That one takes its place.
   */
  async #compare(peer: RemotePeer, address: Address): Promise<void> {
    const { receivedBytes } = peer;
    const timeoutMs = this.#options.connectTimeoutMs / 4;
    const nowhere = encodeIdentify({ path: '' });
    try {
      // Nothing lives there, so that it is answered at once, whatever the peer waits for.
      await this.#reception(peer, address, 0).identify(nowhere, callOptions({ timeoutMs }));
    } catch {
      // Nor is a failure news: what counts is whether anything came.
    }
    if (!peer.isSilentSince(receivedBytes) || this.#isClosed) return;
    const text = formatAddress(address);
    const fresh = await this.#dial(address, text, timeoutMs).catch(() => undefined);
    if (!fresh) return;
    if (!peer.isSilentSince(receivedBytes) || this.#isClosed) return void fresh.close();
    peer.lose('nothing comes from it any more, while the peer answers on a new connection');
    void this.#keep(keyOf(address), Promise.resolve(fresh));
  }

  #reception(peer: RemotePeer, address: Address, thread: number): ReceptionGateway {
    const target: GatewayTarget = {
      recipient: recipientOf(thread, RECEPTION_SLOT),
      incarnation: SYSTEM_INCARNATION,
      address: formatAddress({ ...address, path: `/system/${thread}/${ReceptionGateway.name}` }),
      hostname: address.host,
      contract: ReceptionGateway,
      methods: [0, 1],
      token: undefined,
      timeoutMs: this.#options.connectTimeoutMs,
    };
    const gateway = buildGateway(target, peer.client);
    return gateway as ReceptionGateway;
  }

  /** One connection a peer, made on first use and again after it was lost. */
  #peer(address: Address, text: string): Promise<RemotePeer> {
    const key = keyOf(address);
    return this.#peers.get(key) ?? this.#keep(key, this.#dial(address, text));
  }

  #keep(key: string, dialled: Promise<RemotePeer>): Promise<RemotePeer> {
    this.#peers.set(key, dialled);
    const forget = (): void => {
      if (this.#peers.get(key) === dialled) this.#peers.delete(key);
    };
    dialled.then((peer) => peer.onClosed(forget), forget);
    return dialled;
  }

  #dial(address: Address, text: string, connectTimeoutMs?: number): Promise<RemotePeer> {
    const dialled = this.#open(address, text, connectTimeoutMs).catch((error: unknown) => {
      throw this.#isClosed ? this.#closing.signal.reason : error;
    });
    this.#dialled.add(dialled);
    const forget = (): void => void this.#dialled.delete(dialled);
    dialled.then((peer) => peer.gone.then(forget), forget);
    return dialled;
  }

  async #open(
    address: Address,
    text: string,
    connectTimeoutMs = this.#options.connectTimeoutMs,
  ): Promise<RemotePeer> {
    const { signal } = this.#closing;
    const peer = new RemotePeer(this.#rpcThread, undefined);
    const options = { ...this.#options, connectTimeoutMs, listener: peer, signal };
    const transport = await this.#transportOf(address.protocol);
    const connection = await dial(transport, placeOf(address), this.#identity, options);
    peer.attach(connection);
    if (connection.peer.system !== address.system) {
      const reason = `${text}: system ${connection.peer.system} answers there`;
      void peer.close();
      throw new RpcError('CONNECTION_FAILED', reason, { address: text });
    }
    return peer;
  }

  /** The peer's second connection, made on first use. */
  async #controlOf({ peer, address }: RemoteEndpoint): Promise<RemotePeer> {
    peer.control ??= this.#openControl(peer, address);
    try {
      return await peer.control;
    } catch (error) {
      peer.control = undefined;
      throw error;
    }
  }

  /** Each of the two connections ends with the other. */
  async #openControl(peer: RemotePeer, text: string): Promise<RemotePeer> {
    const address = parseAddress(text)!;
    const control = await this.#dial(address, text);
    peer.onClosed(() => void control.close());
    if (control.incarnation === peer.incarnation) {
      control.onClosed(() => void peer.close());
      return control;
    }
    void control.close();
    throw new RpcError('CONNECTION_FAILED', `${text}: another run of it answers there now`, {
      address: text,
    });
  }

  #transportOf(protocol: Address['protocol']): Promise<Transport> {
    if (protocol !== 'tls') return Promise.resolve(this.#network.transport);
    this.#secure ??= secureTransport(this.#network.tls ?? {});
    return this.#secure;
  }
}

function keyOf({ system, protocol, host, port }: Address): string {
  return `${system}@${protocol}:${host}:${port}`;
}

/** Nobody answered, or the connection ended: either way no call of the user was lost. */
function unresolved(address: string, error: unknown): unknown {
  if (!isRpcError(error) || (error.code !== 'TIMEOUT' && error.code !== 'PEER_LOST')) return error;
  return connectionFailed(address, describeThrown(error), error);
}

function placeOf({ protocol, host, port }: Address): TransportAddress {
  return protocol === 'unix' ? { path: host } : { host, port };
}

/** Loaded when somebody wants it: TLS takes a while to load, and most services do without. */
async function secureTransport(options: TlsOptions): Promise<Transport> {
  const { TlsTransport } = await import('../transport/tls-transport.js');
  return new TlsTransport(options);
}
