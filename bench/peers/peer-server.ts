import { servePeer } from '../harness/peer-process.js';
import { loadPeer } from './peer-cells.js';

/** The other process of a remote peer: `peer-server.js <path>`. */
interface PeerServer {
  serve(): Promise<{ readonly address: string; close(): Promise<void> }>;
}

const module = (await loadPeer(process.argv[2]!)) as PeerServer;
const server = await module.serve();
servePeer(server.address, () => server.close());
