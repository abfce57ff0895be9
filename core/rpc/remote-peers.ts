import { type CellAddress, recipientOf } from '../actor/cell.js';
import { type Address, endpointIdOf, formatAddress, parseAddress } from '../base/address.js';
import type { ListenOptions, TlsOptions } from '../config/options.js';
import { RpcError } from '../errors/rpc-error.js';
import type { Transport, TransportAddress } from '../transport/byte-stream.js';
import type { ConnectionOptions } from '../transport/connection.js';
import { dial } from '../transport/dial.js';
import type { Identity } from '../transport/handshake.js';
import { type Listener, listen } from '../transport/listener.js';
import { type AnyGateway, hasControl } from './gateway.js';
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
  #listener: Listener | undefined;

  constructor(rpcThread: RpcThread, network: PeerNetwork, incarnation: number) {
    const { settings, clock, logger } = rpcThread.thread;
    this.#rpcThread = rpcThread;
    this.#network = network;
    this.#identity = { system: settings.systemName, incarnation: incarnation >>> 0 };
    const { maximumFramesize, connectTimeoutMs } = settings;
    this.#options = { clock, logger, maximumFramesize, connectTimeoutMs };
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

  async close(): Promise<void> {
    const peers = await Promise.allSettled(this.#peers.values());
    for (const peer of peers) if (peer.status === 'fulfilled') peer.value.close();
    await this.#listener?.close();
  }

  /** One cell for all threads and connects of this process, as long as the connection lives. */
  #routeTo({ recipient, incarnation }: RemoteEndpoint, peer: RemotePeer): CellAddress {
    const { thread } = this.#rpcThread;
    const key = `${recipient}/${incarnation}`;
    const known = peer.routes.get(key);
    if (known) return known;
    const at = thread.cells.add(new RouteCell(thread, peer, { recipient, incarnation }));
    peer.routes.set(key, at);
    peer.onClosed(() => thread.cells.remove(at));
    return at;
  }

  async #resolve(text: string, request: Uint8Array): Promise<RemoteEndpoint> {
    const address = parseAddress(text);
    if (!address || endpointIdOf(address) === undefined) {
      throw new RpcError('INVALID_ARGUMENT', `not an endpoint address: ${text}`, { address: text });
    }
    const peer = await this.#peer(address, text);
    const receptionOf = (thread: number): ReceptionGateway =>
      this.#reception(peer, address, thread);
    const found = await findEndpoint(text, address.path, request, receptionOf);
    const at = formatAddress({ ...address, path: found.path });
    return { ...found, peer, address: at, hostname: address.host };
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
    const key = `${address.system}@${address.protocol}:${address.host}:${address.port}`;
    const known = this.#peers.get(key);
    if (known) return known;
    const dialled = this.#dial(placeOf(address), address, text);
    this.#peers.set(key, dialled);
    const forget = (): void => void this.#peers.delete(key);
    dialled.then((peer) => peer.onClosed(forget), forget);
    return dialled;
  }

  async #dial(at: TransportAddress, address: Address, text: string): Promise<RemotePeer> {
    const peer = new RemotePeer(this.#rpcThread, undefined);
    const options = { ...this.#options, listener: peer };
    const transport = await this.#transportOf(address.protocol);
    const connection = await dial(transport, at, this.#identity, options);
    peer.attach(connection);
    if (connection.peer.system !== address.system) {
      const reason = `${text}: system ${connection.peer.system} answers there`;
      peer.close();
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
    const control = await this.#dial(placeOf(address), address, text);
    peer.onClosed(() => control.close());
    if (control.incarnation === peer.incarnation) {
      control.onClosed(() => peer.close());
      return control;
    }
    control.close();
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

function placeOf({ protocol, host, port }: Address): TransportAddress {
  return protocol === 'unix' ? { path: host } : { host, port };
}

/** Loaded when somebody wants it: TLS takes a while to load, and most services do without. */
async function secureTransport(options: TlsOptions): Promise<Transport> {
  const { TlsTransport } = await import('../transport/tls-transport.js');
  return new TlsTransport(options);
}
