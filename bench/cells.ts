import { laneAsk, laneTell, memoryCopy, postAsk, socketAsk, socketBytes } from './floor/cells.js';
import type { Cell } from './harness/cell.js';
import type { EchoName } from './harness/payloads.js';
import {
  checkStamped,
  stampAndRead,
  valueBytes,
  valueNumber,
  valueRecord,
  valueText,
  verifyGeneric,
} from './micro/codec-cells.js';
import {
  buildAndRead,
  mapAndTimer,
  publishEach,
  recordAsJson,
  recordCloned,
} from './micro/choice-cells.js';
import { laneThrough } from './micro/lane-cells.js';
import { pendingOpenResolve, wheelInsertRemove } from './micro/pending-cells.js';
import { PEER_CELLS } from './peers/peer-cells.js';
import { betweenProcesses } from './topology/between-processes.js';
import { askBesideFlood, everyPair } from './topology/lanes.js';
import { manyEndpoints } from './topology/many-endpoints.js';
import { clusterStart } from './topology/mini-cluster.js';
import { homeToWorker, sameThread } from './topology/one-to-one.js';
import { openLoop } from './topology/open-loop.js';
import {
  askEcho,
  askNextTurn,
  askNothing,
  askNumber,
  askSharedView,
  askSlowly,
  askThreeNumbers,
  tellNumber,
} from './topology/questions.js';
import { fanOut, pingPong, pipeline } from './topology/shapes.js';
import { coldCall, idleCpu } from './topology/silence.js';
import { wordCount } from './topology/word-count.js';
import { workersToWorker } from './topology/worker-to-worker.js';

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
  ...overWindows('floor/lanes', laneAsk),
  'floor/lanes/tell-number': laneTell,
  ...overWindows('floor/post-message', (window) => postAsk('number', window)),
  ...overEchoes('floor/post-message', postAsk),
  ...overWindows('floor/socket', socketAsk),
  'floor/socket/ask-1-mib/8': socketBytes(8),
  'floor/memory/copy-1-mib': memoryCopy,
};

const MICRO_CELLS: Readonly<Record<CellName, Cell>> = {
  'micro/lane/claim-publish-drain': laneThrough,
  'micro/codec/stamp-and-read': stampAndRead,
  'micro/codec/check-stamped': checkStamped,
  'micro/codec/verify-generic': verifyGeneric,
  'micro/codec/number': valueNumber,
  'micro/codec/text': valueText,
  'micro/codec/record': valueRecord,
  'micro/codec/1-kib': valueBytes,
  'micro/pending/open-resolve': pendingOpenResolve,
  'micro/wheel/insert-remove': wheelInsertRemove,
  'micro/choice/build-and-read': buildAndRead,
  'micro/choice/publish-each': publishEach,
  'micro/choice/map-and-timer': mapAndTimer,
  'micro/choice/record-cloned': recordCloned,
  'micro/choice/record-as-json': recordAsJson,
};

const THREAD_CELLS: Readonly<Record<CellName, Cell>> = {
  ...overWindows('home-to-worker', (window) => homeToWorker(askNumber(window))),
  ...overEchoes('home-to-worker', (name, window) => homeToWorker(askEcho(name, window))),
  'home-to-worker/ask-nothing/256': homeToWorker(askNothing(256)),
  'home-to-worker/ask-three-numbers/256': homeToWorker(askThreeNumbers(256)),
  'home-to-worker/ask-shared-1-mib/8': homeToWorker(askSharedView(8)),
  'home-to-worker/tell-number': homeToWorker(tellNumber),
  'home-to-worker/ask-next-turn/1': homeToWorker(askNextTurn(1)),
  'home-to-worker/ask-next-turn/256': homeToWorker(askNextTurn(256)),
  'home-to-worker/ask-5-ms/1': homeToWorker(askSlowly(1)),
  'home-to-worker/ask-5-ms/256': homeToWorker(askSlowly(256)),
  'stacks-off/ask-number/256': homeToWorker(askNumber(256), { captureAskCallStack: false }),
  'stacks-on/ask-number/256': homeToWorker(askNumber(256), { captureAskCallStack: true }),
  'home-to-worker/cold-call': coldCall,
  'home-to-worker/idle': idleCpu,
  'same-thread/ask-number/1': sameThread(askNumber(1)),
  'same-thread/ask-number/256': sameThread(askNumber(256)),
  'same-thread/ask-record/256': sameThread(askEcho('record', 256)),
  'same-thread-isolated/ask-record/256': sameThread(askEcho('record', 256), {
    isolateLocalCalls: true,
  }),
  'small-lanes/ask-1-kib/256': homeToWorker(askEcho('1-kib', 256), {
    mailboxCapacityBytes: 256 * 1024,
  }),
};

const SHAPE_CELLS: Readonly<Record<CellName, Cell>> = {
  'worker-to-worker/ask-number/1': workersToWorker(1, 1),
  'worker-to-worker/ask-number/256': workersToWorker(1, 256),
  'fan-in-3/ask-number/256': workersToWorker(3, 256),
  'fan-out-3/ask-number/256': fanOut(3, 256),
  'pipeline-3/ask-number/1': pipeline(3, 1),
  'pipeline-3/ask-number/256': pipeline(3, 256),
  'ping-pong/1': pingPong(1),
  'ping-pong/256': pingPong(256),
  'beside-flood/ask-number/1': askBesideFlood,
  'open-loop/50-percent': openLoop(0.5),
  'open-loop/90-percent': openLoop(0.9),
  'endpoints-1/ask-number/256': manyEndpoints(1, 256),
  'endpoints-1000/ask-number/256': manyEndpoints(1_000, 256),
  'endpoints-100000/ask-number/256': manyEndpoints(100_000, 256),
  'threads-16/every-pair': everyPair(16),
};

const PROCESS_CELLS: Readonly<Record<CellName, Cell>> = {
  ...overWindows('remote-home', (window) => betweenProcesses(askNumber(window), 'home')),
  ...overEchoes('remote-home', (name, window) => betweenProcesses(askEcho(name, window), 'home')),
  'remote-home/tell-number': betweenProcesses(tellNumber, 'home'),
  'remote-worker/ask-number/1': betweenProcesses(askNumber(1), 'worker'),
  'remote-worker/ask-number/256': betweenProcesses(askNumber(256), 'worker'),
  'unix-socket/ask-number/1': betweenProcesses(askNumber(1), 'unix-socket'),
  'unix-socket/ask-number/256': betweenProcesses(askNumber(256), 'unix-socket'),
};

/** Every cell of the suite by its name. */
export const CELLS: Readonly<Record<CellName, Cell>> = {
  ...FLOOR_CELLS,
  ...MICRO_CELLS,
  ...THREAD_CELLS,
  ...SHAPE_CELLS,
  ...PROCESS_CELLS,
  'mini-cluster/start-4-task-executors': clusterStart,
  'mini-cluster/word-count': wordCount,
  ...PEER_CELLS,
};
