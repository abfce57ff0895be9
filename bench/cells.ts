import type { Cell } from './harness/cell.js';
import type { EchoName } from './harness/payloads.js';
import { PEER_CELLS } from './peers/peer-cells.js';

/** Name of a cell: path, question, calls in flight. */
export type CellName = string;

/** Calls in flight that the curves are drawn through. */
export const WINDOWS = [1, 8, 32, 100, 256, 1024] as const;

/** Payloads that are echoed, and how many of them are in flight. */
export const ECHO_WINDOWS = {
  text: 256,
  '1-kib-text': 256,
  record: 256,
  '1-kib': 256,
  '64-kib': 8,
  '1-mib': 8,
} as const satisfies Partial<Record<EchoName, number>>;

/**
 * A cell whose modules are loaded when it runs, so that its process holds nothing else of the
 * suite: V8 collects a larger heap for longer, and peers have a process of their own, too.
 */
function from<Module>(load: () => Promise<Module>, pick: (module: Module) => Cell): Cell {
  return async (budget) => pick(await load())(budget);
}

const floor = () => import('./floor/cells.js');
const codec = () => import('./micro/codec-cells.js');
const choice = () => import('./micro/choice-cells.js');
const lane = () => import('./micro/lane-cells.js');
const pending = () => import('./micro/pending-cells.js');
const shapes = () => import('./topology/shapes.js');
const silence = () => import('./topology/silence.js');
const lanes = () => import('./topology/lanes.js');
const openLoops = () => import('./topology/open-loop.js');
const many = () => import('./topology/many-endpoints.js');
const workers = () => import('./topology/worker-to-worker.js');
const cluster = () => import('./topology/mini-cluster.js');
const words = () => import('./topology/word-count.js');
const threads = async () => ({
  ...(await import('./topology/one-to-one.js')),
  ...(await import('./topology/questions.js')),
});
const processes = async () => ({
  ...(await import('./topology/between-processes.js')),
  ...(await import('./topology/questions.js')),
});

function overWindows(path: string, cellFor: (window: number) => Cell): Record<CellName, Cell> {
  return Object.fromEntries(
    WINDOWS.map((window) => [`${path}/ask-number/${window}`, cellFor(window)]),
  );
}

function overEchoes(
  path: string,
  cellFor: (name: EchoName, window: number) => Cell,
): Record<CellName, Cell> {
  const names = Object.keys(ECHO_WINDOWS) as (keyof typeof ECHO_WINDOWS)[];
  return Object.fromEntries(
    names.map((name) => {
      const window = ECHO_WINDOWS[name];
      return [`${path}/ask-${name}/${window}`, cellFor(name, window)];
    }),
  );
}

const FLOOR_CELLS: Readonly<Record<CellName, Cell>> = {
  ...overWindows('floor/lanes', (window) => from(floor, (its) => its.laneAsk(window))),
  'floor/lanes/tell-number': from(floor, (its) => its.laneTell),
  ...overWindows('floor/post-message', (window) =>
    from(floor, (its) => its.postAsk('number', window)),
  ),
  ...overEchoes('floor/post-message', (name, window) =>
    from(floor, (its) => its.postAsk(name, window)),
  ),
  ...overWindows('floor/socket', (window) => from(floor, (its) => its.socketAsk(window))),
  'floor/socket/ask-1-mib/8': from(floor, (its) => its.socketBytes(8)),
  'floor/memory/copy-1-mib': from(floor, (its) => its.memoryCopy),
};

const MICRO_CELLS: Readonly<Record<CellName, Cell>> = {
  'micro/lane/claim-publish-drain': from(lane, (its) => its.laneThrough),
  'micro/codec/stamp-and-read': from(codec, (its) => its.stampAndRead),
  'micro/codec/check-stamped': from(codec, (its) => its.checkStamped),
  'micro/codec/verify-generic': from(codec, (its) => its.verifyGeneric),
  'micro/codec/number': from(codec, (its) => its.valueNumber),
  'micro/codec/text': from(codec, (its) => its.valueText),
  'micro/codec/record': from(codec, (its) => its.valueRecord),
  'micro/codec/1-kib': from(codec, (its) => its.valueBytes),
  'micro/pending/open-resolve': from(pending, (its) => its.pendingOpenResolve),
  'micro/wheel/insert-remove': from(pending, (its) => its.wheelInsertRemove),
  'micro/choice/build-and-read': from(choice, (its) => its.buildAndRead),
  'micro/choice/publish-each': from(choice, (its) => its.publishEach),
  'micro/choice/map-and-timer': from(choice, (its) => its.mapAndTimer),
  'micro/choice/record-cloned': from(choice, (its) => its.recordCloned),
  'micro/choice/record-as-json': from(choice, (its) => its.recordAsJson),
};

const THREAD_CELLS: Readonly<Record<CellName, Cell>> = {
  ...overWindows('home-to-worker', (window) =>
    from(threads, (its) => its.homeToWorker(its.askNumber(window))),
  ),
  ...overEchoes('home-to-worker', (name, window) =>
    from(threads, (its) => its.homeToWorker(its.askEcho(name, window))),
  ),
  'home-to-worker/ask-nothing/256': from(threads, (its) => its.homeToWorker(its.askNothing(256))),
  'home-to-worker/ask-three-numbers/256': from(threads, (its) =>
    its.homeToWorker(its.askThreeNumbers(256)),
  ),
  'home-to-worker/ask-shared-1-mib/8': from(threads, (its) =>
    its.homeToWorker(its.askSharedView(8)),
  ),
  'home-to-worker/tell-number': from(threads, (its) => its.homeToWorker(its.tellNumber)),
  'home-to-worker/ask-next-turn/1': from(threads, (its) => its.homeToWorker(its.askNextTurn(1))),
  'home-to-worker/ask-next-turn/256': from(threads, (its) =>
    its.homeToWorker(its.askNextTurn(256)),
  ),
  'home-to-worker/ask-5-ms/1': from(threads, (its) => its.homeToWorker(its.askSlowly(1))),
  'home-to-worker/ask-5-ms/256': from(threads, (its) => its.homeToWorker(its.askSlowly(256))),
  'stacks-off/ask-number/256': from(threads, (its) =>
    its.homeToWorker(its.askNumber(256), { captureAskCallStack: false }),
  ),
  'stacks-on/ask-number/256': from(threads, (its) =>
    its.homeToWorker(its.askNumber(256), { captureAskCallStack: true }),
  ),
  'home-to-worker/cold-call': from(silence, (its) => its.coldCall),
  'home-to-worker/idle': from(silence, (its) => its.idleCpu),
  'same-thread/ask-number/1': from(threads, (its) => its.sameThread(its.askNumber(1))),
  'same-thread/ask-number/256': from(threads, (its) => its.sameThread(its.askNumber(256))),
  'same-thread/ask-record/256': from(threads, (its) => its.sameThread(its.askEcho('record', 256))),
  'same-thread-isolated/ask-record/256': from(threads, (its) =>
    its.sameThread(its.askEcho('record', 256), {
      isolateLocalCalls: true,
    }),
  ),
  'small-lanes/ask-1-kib/256': from(threads, (its) =>
    its.homeToWorker(its.askEcho('1-kib', 256), {
      mailboxCapacityBytes: 256 * 1024,
    }),
  ),
};

const SHAPE_CELLS: Readonly<Record<CellName, Cell>> = {
  'worker-to-worker/ask-number/1': from(workers, (its) => its.workersToWorker(1, 1)),
  'worker-to-worker/ask-number/256': from(workers, (its) => its.workersToWorker(1, 256)),
  'fan-in-3/ask-number/256': from(workers, (its) => its.workersToWorker(3, 256)),
  'fan-out-3/ask-number/256': from(shapes, (its) => its.fanOut(3, 256)),
  'pipeline-3/ask-number/1': from(shapes, (its) => its.pipeline(3, 1)),
  'pipeline-3/ask-number/256': from(shapes, (its) => its.pipeline(3, 256)),
  'ping-pong/1': from(shapes, (its) => its.pingPong(1)),
  'ping-pong/256': from(shapes, (its) => its.pingPong(256)),
  'beside-flood/ask-number/1': from(lanes, (its) => its.askBesideFlood),
  'open-loop/50-percent': from(openLoops, (its) => its.openLoop(0.5)),
  'open-loop/90-percent': from(openLoops, (its) => its.openLoop(0.9)),
  'endpoints-1/ask-number/256': from(many, (its) => its.manyEndpoints(1, 256)),
  'endpoints-1000/ask-number/256': from(many, (its) => its.manyEndpoints(1_000, 256)),
  'endpoints-100000/ask-number/256': from(many, (its) => its.manyEndpoints(100_000, 256)),
  'threads-16/every-pair': from(lanes, (its) => its.everyPair(16)),
};

const PROCESS_CELLS: Readonly<Record<CellName, Cell>> = {
  ...overWindows('remote-home', (window) =>
    from(processes, (its) => its.betweenProcesses(its.askNumber(window), 'home')),
  ),
  ...overEchoes('remote-home', (name, window) =>
    from(processes, (its) => its.betweenProcesses(its.askEcho(name, window), 'home')),
  ),
  'remote-home/tell-number': from(processes, (its) => its.betweenProcesses(its.tellNumber, 'home')),
  'remote-worker/ask-number/1': from(processes, (its) =>
    its.betweenProcesses(its.askNumber(1), 'worker'),
  ),
  'remote-worker/ask-number/256': from(processes, (its) =>
    its.betweenProcesses(its.askNumber(256), 'worker'),
  ),
  'unix-socket/ask-number/1': from(processes, (its) =>
    its.betweenProcesses(its.askNumber(1), 'unix-socket'),
  ),
  'unix-socket/ask-number/256': from(processes, (its) =>
    its.betweenProcesses(its.askNumber(256), 'unix-socket'),
  ),
};

/** Every cell of the suite by its name. */
export const CELLS: Readonly<Record<CellName, Cell>> = {
  ...FLOOR_CELLS,
  ...MICRO_CELLS,
  ...THREAD_CELLS,
  ...SHAPE_CELLS,
  ...PROCESS_CELLS,
  'mini-cluster/start-4-task-executors': from(cluster, (its) => its.clusterStart),
  'mini-cluster/word-count': from(words, (its) => its.wordCount),
  ...PEER_CELLS,
};
