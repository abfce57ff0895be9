import { performance } from 'node:perf_hooks';
import { type Cell, WrongReply } from '../harness/cell.js';
import { drive } from '../harness/drive.js';
import { driveTells } from '../harness/drive-tells.js';
import { type EchoName, echoQuestion } from '../harness/payloads.js';
import { cpuUs, memoryFigures } from '../harness/usage.js';
import { LaneEcho } from './lane-echo.js';
import { LaneTell } from './lane-tell.js';
import { PostEcho } from './post-echo.js';
import { BytesEcho, FrameEcho } from './socket-echo.js';

const MIB = 1024 * 1024;
const isEcho = (reply: number, index: number): boolean => reply === index;

/** Bare lanes: ask of a number. */
export function laneAsk(window: number): Cell {
  return async (budget) => {
    const echo = await LaneEcho.start();
    try {
      return await drive({ window, call: echo.ask, isRight: isEcho }, budget);
    } finally {
      await echo.close();
    }
  };
}

/** Bare lane: one-way records, no promise. */
export const laneTell: Cell = async (budget) => {
  const lane = await LaneTell.start();
  try {
    const { tell, ready, received } = lane;
    return await driveTells({ tell, ready, received, batch: 1_000 }, budget);
  } finally {
    await lane.close();
  }
};

/** Raw `postMessage` and a Map of promises: ask of anything that can be cloned. */
export function postAsk(name: EchoName, window: number): Cell {
  return async (budget) => {
    const echo = await PostEcho.start();
    try {
      return await drive(echoQuestion(name, window, echo.ask), budget);
    } finally {
      await echo.close();
    }
  };
}

/** Raw socket, another process, TCP loopback: ask of a number in fixed frames. */
export function socketAsk(window: number): Cell {
  return async (budget) => {
    const echo = await FrameEcho.start();
    try {
      const otherCpuUs = (): Promise<number> => echo.peer.cpuUs();
      return await drive({ window, call: echo.ask, isRight: isEcho, otherCpuUs }, budget);
    } finally {
      await echo.close();
    }
  };
}

/** Raw socket: 1 MiB there and back, every byte compared. */
export function socketBytes(window: number): Cell {
  return async (budget) => {
    const echo = await BytesEcho.start(Buffer.alloc(MIB, 'ringlane '));
    try {
      const question = {
        window,
        call: echo.ask,
        isRight: (length: number): boolean => length === MIB,
        bytesPerCall: MIB,
        otherCpuUs: (): Promise<number> => echo.peer.cpuUs(),
      };
      return await drive(question, budget);
    } finally {
      await echo.close();
    }
  };
}

/** 1 MiB copied into shared memory and out again: what any copying engine pays at least. */
export const memoryCopy: Cell = async (budget) => {
  const source = Buffer.alloc(MIB, 'ringlane ');
  const shared = new Uint8Array(new SharedArrayBuffer(MIB));
  const target = Buffer.alloc(MIB);
  const copyFor = (durationMs: number): { calls: number; elapsedMs: number } => {
    const startMs = performance.now();
    let calls = 0;
    while (performance.now() - startMs < durationMs && calls < budget.maxCalls) {
      shared.set(source);
      target.set(shared);
      calls++;
    }
    return { calls, elapsedMs: performance.now() - startMs };
  };
  copyFor(budget.warmUpMs);
  const cpuBefore = cpuUs();
  const { calls, elapsedMs } = copyFor(budget.measureMs);
  if (!target.equals(source)) throw new WrongReply('the copy differs from its source');
  const callsPerSecond = (calls / elapsedMs) * 1000;
  return {
    callsPerSecond,
    bytesPerSecond: callsPerSecond * MIB,
    cpuUsPerCall: (cpuUs() - cpuBefore) / calls,
    calls,
    ...memoryFigures(),
  };
};
