/** A room of the house: a folder, or a file that is a door. */
export interface Room {
  /** The folder, or the path of the file; the longest that fits names the room of a source. */
  readonly path: string;
  /** Rooms above this one that it may import from; its own files are always allowed. */
  readonly mayImport: readonly string[];
}

/** Mechanism, from the ground up: each room may import every room before it, none after it. */
const CORE_STACK = [
  'schemas/gen',
  'core/base',
  'core/errors',
  'core/config',
  'core/memory',
  'core/metrics',
  'core/codec',
  'core/mailbox',
  'core/actor',
  'core/transport',
  'core/rpc',
] as const;

/** Each stands on the RPC layer, and never on one another. */
const SISTERS = ['core/heartbeat', 'core/registration', 'core/ha', 'core/remoting'] as const;

const CORE = [...CORE_STACK, ...SISTERS];
const CORE_DOORS = ['core/internal.ts', 'core/worker.ts', 'core/host.ts'];
const DOORS = ['index.ts', 'actor.ts'];
const PRODUCT = [...CORE_DOORS, 'workers', 'start.ts', ...DOORS, 'cluster', 'apps'];

/** The whole order; what is not listed is not allowed. A test holds every import to it. */
export const ROOMS: readonly Room[] = [
  ...CORE_STACK.map((path, level) => ({ path, mayImport: CORE_STACK.slice(0, level) })),
  ...SISTERS.map((path) => ({ path, mayImport: CORE_STACK })),
  ...CORE_DOORS.map((path) => ({ path, mayImport: CORE })),
  { path: 'workers', mayImport: ['core/worker.ts'] },
  { path: 'start.ts', mayImport: ['core/host.ts', 'workers'] },
  ...DOORS.map((path) => ({ path, mayImport: [...CORE, 'start.ts'] })),
  { path: 'cluster', mayImport: [...DOORS, 'core/internal.ts', 'schemas/gen'] },
  { path: 'apps', mayImport: [...DOORS, 'core/internal.ts', 'cluster'] },
  // Beside the house: they may look into every room, and no room imports them.
  { path: 'schemas', mayImport: ['schemas/gen'] },
  { path: 'examples', mayImport: [...DOORS, 'cluster'] },
  { path: 'bench', mayImport: [...CORE, ...PRODUCT, 'examples'] },
  { path: 'test', mayImport: [...CORE, ...PRODUCT, 'schemas', 'examples', 'bench'] },
];

/** Rooms that users never load; they may import whatever `package.json` lists. */
export const SIDES: readonly string[] = ['schemas', 'examples', 'bench', 'test'];

/** The only importers of third-party packages at run time: a room or a single file each. */
export const PACKAGE_IMPORTERS: Readonly<Record<string, readonly string[]>> = {
  flatbuffers: ['schemas/gen', 'core/codec'],
  msgpackr: ['core/codec'],
  piscina: ['workers/offload-pool.ts'],
};

/** The room of a source: the one with the longest path that fits; undefined outside the house. */
export function roomOf(path: string): Room | undefined {
  const fits = ROOMS.filter((room) => path === room.path || path.startsWith(`${room.path}/`));
  return fits.sort((a, b) => b.path.length - a.path.length)[0];
}
