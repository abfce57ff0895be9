import type { CellName } from './cells.js';
import type { Beside, Measure, Row } from './harness/row.js';

/** The bare lanes with 256 calls in flight on the machine that the absolute figures are for. */
const LANES_256: Beside = {
  cell: 'floor/lanes/ask-number/256',
  figure: 'callsPerSecond',
  name: 'lanes',
  reference: 10.2e6,
};

/** Raw frames over TCP loopback with 256 calls in flight. */
const SOCKET_256: Beside = {
  cell: 'floor/socket/ask-number/256',
  figure: 'callsPerSecond',
  name: 'socket',
  reference: 1.6e6,
};

const rate = (cell: CellName) => ({ cell, figure: 'callsPerSecond' }) as const;
const p50 = (cell: CellName) => ({ cell, figure: 'p50Us' }) as const;

const LANE_ROWS: readonly Row[] = [
  {
    id: 'L1',
    question: 'ask number, one at a time, p50',
    measure: p50('home-to-worker/ask-number/1'),
    better: 'lower',
    beside: { ...p50('floor/lanes/ask-number/1'), name: 'lanes', reference: 0.98 },
    required: { value: 1.5 },
    goal: { value: 1.0 },
  },
  {
    id: 'L2',
    question: 'ask number, 256 in flight',
    measure: rate('home-to-worker/ask-number/256'),
    better: 'higher',
    beside: LANES_256,
    required: { value: 4e6, ratio: 0.45 },
    goal: { value: 8e6, ratio: 0.8 },
  },
  {
    id: 'L3',
    question: 'ask number, 32 in flight',
    measure: rate('home-to-worker/ask-number/32'),
    better: 'higher',
    beside: { ...rate('floor/lanes/ask-number/32'), name: 'lanes', reference: 7.2e6 },
    required: { value: 3e6 },
    goal: { value: 5.8e6 },
  },
  {
    id: 'L4',
    question: 'ask record, 256 in flight',
    measure: rate('home-to-worker/ask-record/256'),
    better: 'higher',
    beside: LANES_256,
    required: { value: 0.6e6 },
    goal: { value: 1.2e6 },
  },
  {
    id: 'L5',
    question: 'ask 1 KiB bytes, 256 in flight',
    measure: rate('home-to-worker/ask-1-kib/256'),
    better: 'higher',
    beside: LANES_256,
    required: { value: 1e6 },
    goal: { value: 2e6 },
  },
  {
    id: 'L6',
    question: 'ask 1 MiB bytes, 8 in flight',
    measure: rate('home-to-worker/ask-1-mib/8'),
    better: 'higher',
    beside: LANES_256,
    required: { value: 4e3 },
    goal: { value: 10e3 },
  },
  {
    id: 'L6b',
    question: 'ask about 1 MiB of shared memory, 8',
    measure: rate('home-to-worker/ask-shared-1-mib/8'),
    better: 'higher',
    beside: LANES_256,
    required: { value: 1e6 },
  },
  {
    id: 'L6bg',
    question: 'the same beside L3, where it wants to be',
    measure: rate('home-to-worker/ask-shared-1-mib/8'),
    better: 'higher',
    beside: { ...rate('home-to-worker/ask-number/32'), name: 'L3' },
    goal: { ratio: 1 },
  },
  {
    id: 'L7',
    question: 'tell number, counted there',
    measure: rate('home-to-worker/tell-number'),
    better: 'higher',
    beside: LANES_256,
    required: { value: 15e6 },
    goal: { value: 40e6 },
  },
];

const COLD: CellName = 'home-to-worker/cold-call';

const SILENCE_ROWS: readonly Row[] = [
  {
    id: 'L8a',
    question: 'call after 20 ms of silence, p50',
    measure: p50(COLD),
    better: 'lower',
    beside: { cell: COLD, figure: 'rawP50Us', name: 'postMessage' },
    required: { ratio: 1.1 },
    goal: { ratio: 0.95 },
  },
  {
    id: 'L8b',
    question: 'call after 20 ms of silence, p99',
    measure: { cell: COLD, figure: 'p99Us' },
    better: 'lower',
    beside: { cell: COLD, figure: 'rawP99Us', name: 'postMessage' },
    required: { ratio: 1.5 },
    goal: { ratio: 1.0 },
  },
  {
    id: 'L8c',
    question: 'call after 2 ms of silence, p50',
    measure: { cell: COLD, figure: 'shortP50Us' },
    better: 'lower',
    beside: { cell: COLD, figure: 'rawShortP50Us', name: 'postMessage' },
  },
  {
    id: 'L9',
    question: 'CPU of the process, open and idle',
    measure: { cell: 'home-to-worker/idle', figure: 'cpuPercent' },
    better: 'lower',
    required: { value: 0.5 },
    goal: { value: 0.1 },
  },
  {
    id: 'L9w',
    question: 'the same, right after work',
    measure: { cell: 'home-to-worker/idle', figure: 'afterWorkCpuPercent' },
    better: 'lower',
  },
];

const OTHER_THREAD_ROWS: readonly Row[] = [
  {
    id: 'L10a',
    question: 'worker to worker, one at a time, p50',
    measure: p50('worker-to-worker/ask-number/1'),
    better: 'lower',
    beside: { ...p50('home-to-worker/ask-number/1'), name: 'L1' },
    required: { ratio: 1 / 0.9 },
    goal: { ratio: 1 / 0.9 },
  },
  {
    id: 'L10b',
    question: 'worker to worker, 256 in flight',
    measure: rate('worker-to-worker/ask-number/256'),
    better: 'higher',
    beside: { ...rate('home-to-worker/ask-number/256'), name: 'L2' },
    required: { ratio: 0.9 },
    goal: { ratio: 0.9 },
  },
  {
    id: 'L11',
    question: 'same thread, 256 in flight',
    measure: rate('same-thread/ask-number/256'),
    better: 'higher',
    beside: LANES_256,
    required: { value: 2e6 },
    goal: { value: 5e6 },
  },
];

const MANY: CellName = 'endpoints-100000/ask-number/256';

const SCALE_ROWS: readonly Row[] = [
  {
    id: 'L12a',
    question: '100 000 endpoints at random (quick: 5 000)',
    measure: rate(MANY),
    better: 'higher',
    beside: { ...rate('home-to-worker/ask-number/256'), name: 'one endpoint' },
    required: { ratio: 0.7 },
    goal: { ratio: 0.7 },
  },
  {
    id: 'L12b',
    question: 'heap of each on its thread',
    measure: { cell: MANY, figure: 'heapBytesPerEndpoint' },
    better: 'lower',
    required: { value: 1024 },
    goal: { value: 512 },
  },
  {
    id: 'L12c',
    question: 'heap of each where it was started',
    measure: { cell: MANY, figure: 'callerBytesPerEndpoint' },
    better: 'lower',
  },
];

const REMOTE_ROWS: readonly Row[] = [
  {
    id: 'R1',
    question: 'remote ask number, 256 in flight',
    measure: rate('remote-home/ask-number/256'),
    better: 'higher',
    beside: SOCKET_256,
    required: { value: 0.5e6, ratio: 0.35 },
    goal: { value: 1e6 },
  },
  {
    id: 'R1w',
    question: 'the same, endpoint on a worker',
    measure: rate('remote-worker/ask-number/256'),
    better: 'higher',
    beside: SOCKET_256,
  },
  {
    id: 'R2',
    question: 'remote ask, one at a time, p50',
    measure: p50('remote-home/ask-number/1'),
    better: 'lower',
    beside: { ...p50('floor/socket/ask-number/1'), name: 'socket' },
    required: { ratio: 1.5 },
    goal: { ratio: 1.15 },
  },
  {
    id: 'R2w',
    question: 'the same, endpoint on a worker',
    measure: p50('remote-worker/ask-number/1'),
    better: 'lower',
    beside: { ...p50('floor/socket/ask-number/1'), name: 'socket' },
  },
  {
    id: 'R3',
    question: 'remote ask 1 MiB bytes, 8 in flight',
    measure: { cell: 'remote-home/ask-1-mib/8', figure: 'bytesPerSecond' },
    better: 'higher',
    beside: { cell: 'floor/socket/ask-1-mib/8', figure: 'bytesPerSecond', name: 'socket' },
    required: { ratio: 0.6 },
    goal: { ratio: 0.85 },
  },
  {
    id: 'R4',
    question: 'remote tell number, counted there',
    measure: rate('remote-home/tell-number'),
    better: 'higher',
    beside: SOCKET_256,
    required: { value: 1.5e6 },
    goal: { value: 4e6 },
  },
];

interface FlinkRow {
  readonly id: string;
  readonly question: string;
  readonly measure: Measure;
  readonly beside: Beside;
  /** Flink's figure divided by this floor, both measured in turns. */
  readonly ratio: number;
  readonly required: number;
  readonly goal: number;
}

/** Flink 2.1's own RPC (Pekko, JVM 17, warm): how many times as fast, on the same floor. */
function besideFlink({ ratio, required, goal, ...rest }: FlinkRow): Row {
  return {
    ...rest,
    better: 'higher',
    rival: { name: 'Flink 2.1', ratio },
    required: { ratio: required * ratio },
    goal: { ratio: goal * ratio },
  };
}

const FLINK_ROWS: readonly Row[] = [
  besideFlink({
    id: 'F1',
    question: 'Flink 2.1, local ask, 256',
    measure: rate('home-to-worker/ask-number/256'),
    beside: LANES_256,
    ratio: 0.06,
    required: 7,
    goal: 13,
  }),
  besideFlink({
    id: 'F2',
    question: 'Flink 2.1, remote ask, 256',
    measure: rate('remote-home/ask-number/256'),
    beside: SOCKET_256,
    ratio: 0.0125,
    required: 28,
    goal: 55,
  }),
  besideFlink({
    id: 'F3',
    question: 'Flink 2.1, local tell',
    measure: rate('home-to-worker/tell-number'),
    beside: LANES_256,
    ratio: 3.0 / 7.35,
    required: 5,
    goal: 13,
  }),
  besideFlink({
    id: 'F4',
    question: 'Flink 2.1, remote tell',
    measure: rate('remote-home/tell-number'),
    beside: SOCKET_256,
    ratio: 0.037 / 1.5,
    required: 40,
    goal: 100,
  }),
];

const CLUSTER_ROWS: readonly Row[] = [
  {
    id: 'K1',
    question: 'MiniCluster, 4 TaskExecutors: start',
    measure: { cell: 'mini-cluster/start-4-task-executors', figure: 'durationMs' },
    better: 'lower',
    required: { value: 500 },
    goal: { value: 200 },
  },
  {
    id: 'K2',
    question: 'word count against one plain thread',
    measure: { cell: 'mini-cluster/word-count', figure: 'timesPlain' },
    better: 'higher',
    required: { value: 1.3 },
    goal: { value: 1.7 },
  },
];

function shown(id: string, question: string, measure: Measure): Row {
  const better = measure.figure === 'callsPerSecond' ? 'higher' : 'lower';
  return { id, question, measure, better };
}

/** The floor itself, for reading the rest: what this machine gave in this very run. */
const FLOOR_ROWS: readonly Row[] = [
  shown('B1', 'lanes: ask number, one at a time, p50', p50('floor/lanes/ask-number/1')),
  shown('B2', 'lanes: ask number, 256 in flight', rate('floor/lanes/ask-number/256')),
  shown('B3', 'lanes: ask number, 32 in flight', rate('floor/lanes/ask-number/32')),
  shown('B4', 'lane: tell number', rate('floor/lanes/tell-number')),
  shown('B5', 'postMessage: ask number, p50', p50('floor/post-message/ask-number/1')),
  shown('B6', 'postMessage: ask number, 256', rate('floor/post-message/ask-number/256')),
  shown('B7', 'socket: ask number, p50', p50('floor/socket/ask-number/1')),
  shown('B8', 'socket: ask number, 256', rate('floor/socket/ask-number/256')),
  shown('B9', 'memory: 1 MiB in and out', rate('floor/memory/copy-1-mib')),
];

const nanoseconds = (cell: CellName) => ({ cell, figure: 'nsPerOperation' }) as const;

/** Parts of the engine alone, in one thread; not in a quick run. */
const MICRO_ROWS: readonly Row[] = [
  shown('M1', 'lane: claim, publish, drain', nanoseconds('micro/lane/claim-publish-drain')),
  shown('M2', 'envelope: stamp and read', nanoseconds('micro/codec/stamp-and-read')),
  shown('M3', 'frame: check what a stamp wrote', nanoseconds('micro/codec/check-stamped')),
  shown('M4', 'frame: verify any FlatBuffer', nanoseconds('micro/codec/verify-generic')),
  shown('M5', 'number there and back', nanoseconds('micro/codec/number')),
  shown('M6', 'short text there and back', nanoseconds('micro/codec/text')),
  shown('M7', 'record there and back', nanoseconds('micro/codec/record')),
  shown('M8', '1 KiB of bytes there and back', nanoseconds('micro/codec/1-kib')),
  shown('M9', 'pending ask: open, promise, resolve', nanoseconds('micro/pending/open-resolve')),
  shown('M10', 'deadline: insert, remove', nanoseconds('micro/wheel/insert-remove')),
];

/** Every row, in the order of the table. */
export const ROWS: readonly Row[] = [
  ...LANE_ROWS,
  ...SILENCE_ROWS,
  ...OTHER_THREAD_ROWS,
  ...SCALE_ROWS,
  ...REMOTE_ROWS,
  ...CLUSTER_ROWS,
  ...FLINK_ROWS,
  ...FLOOR_ROWS,
  ...MICRO_ROWS,
];
