import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Cell, type Figures, NotHere } from '../harness/cell.js';
import { drive } from '../harness/drive.js';
import { type EchoAny, type EchoName, echoQuestion } from '../harness/payloads.js';
import { PeerProcess } from '../harness/peer-process.js';
import { LOCAL_PEERS, REMOTE_PEERS } from './peer-list.js';

/** What a peer offers once it is open; each module beside this file makes one in its own way. */
interface Peer {
  readonly echo: EchoAny;
  /** For peers that have another call for bytes or records; `null`: they cannot carry them. */
  readonly echoBytes?: EchoAny | null;
  readonly echoRecord?: EchoAny | null;
  close(): Promise<void>;
}

/** A peer between threads. */
interface LocalPeer {
  open(): Promise<Peer>;
}

/** A peer between processes. */
interface RemotePeer {
  connect(address: string): Promise<Peer>;
}

/** Sources of the peers are plain JavaScript: they run only where somebody installed the peers. */
const SOURCES = new URL('../../../bench/peers/', import.meta.url);
const INSTALL = 'not installed: run npm run bench:peers';

/** The module of a peer; throws `NotHere` when its package is missing or wants another Node. */
export async function loadPeer(path: string): Promise<unknown> {
  const url = new URL(`${path.slice('peers/'.length)}.mjs`, SOURCES);
  if (!existsSync(fileURLToPath(url))) throw new NotHere('no such package on npm');
  try {
    const module = (await import(url.href)) as {
      readonly absence?: () => Promise<string | undefined>;
    };
    const absence = await module.absence?.();
    if (absence !== undefined) throw new NotHere(absence);
    return module;
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') throw new NotHere(INSTALL);
    throw error;
  }
}

function echoOf(peer: Peer, name: EchoName): EchoAny {
  const special =
    name === 'record' ? peer.echoRecord : name.endsWith('ib') ? peer.echoBytes : undefined;
  if (special === null) throw new NotHere(`carries no ${name} without a codec of one's own`);
  return special ?? peer.echo;
}

type Ask = (
  peer: Peer,
  budget: Parameters<Cell>[0],
  cpuUs?: () => Promise<number>,
) => ReturnType<Cell>;

function ask(name: EchoName, window: number): Ask {
  return (peer, budget, otherCpuUs): Promise<Figures> => {
    const question = echoQuestion(name, window, echoOf(peer, name));
    return drive({ ...question, ...(otherCpuUs === undefined ? {} : { otherCpuUs }) }, budget);
  };
}

function localCell(path: string, name: EchoName, window: number): Cell {
  return async (budget) => {
    const peer = await ((await loadPeer(path)) as LocalPeer).open();
    try {
      return await ask(name, window)(peer, budget);
    } finally {
      await peer.close();
    }
  };
}

function remoteCell(path: string, name: EchoName, window: number): Cell {
  return async (budget) => {
    const module = (await loadPeer(path)) as RemotePeer;
    const server = await PeerProcess.start(new URL('./peer-server.js', import.meta.url), [path]);
    try {
      const peer = await module.connect(server.address);
      try {
        return await ask(name, window)(peer, budget, () => server.cpuUs());
      } finally {
        await peer.close();
      }
    } finally {
      await server.close();
    }
  };
}

const QUESTIONS: readonly (readonly [name: EchoName, window: number])[] = [
  ['number', 1],
  ['number', 8],
  ['number', 32],
  ['number', 256],
  ['number', 1024],
  ['record', 256],
  ['1-kib', 256],
  ['1-mib', 8],
];

function cellsOf(
  paths: readonly string[],
  cellFor: (path: string, name: EchoName, window: number) => Cell,
): Record<string, Cell> {
  return Object.fromEntries(
    paths.flatMap((path) =>
      QUESTIONS.map(([name, window]) => [
        `${path}/ask-${name}/${window}`,
        cellFor(path, name, window),
      ]),
    ),
  );
}

/** Every peer asked everything; what is not installed says so. */
export const PEER_CELLS: Readonly<Record<string, Cell>> = {
  ...cellsOf(LOCAL_PEERS, localCell),
  ...cellsOf(REMOTE_PEERS, remoteCell),
};
