import { laneAsk, laneTell, memoryCopy, postAsk, socketAsk, socketBytes } from './floor/cells.js';
import type { Cell } from './harness/cell.js';
import {
  checkStamped,
  stampAndRead,
  valueNumber,
  valueRecord,
  valueText,
  verifyGeneric,
} from './micro/codec-cells.js';
import { laneThrough } from './micro/lane-cells.js';
import { wheelInsertRemove } from './micro/wheel-cells.js';
import { betweenProcesses } from './topology/between-processes.js';
import { clusterStart } from './topology/mini-cluster.js';
import { homeToWorker, sameThread } from './topology/one-to-one.js';
import { askBytes, askNumber, askRecord, tellNumber } from './topology/questions.js';
import { coldCall, idleCpu } from './topology/silence.js';
import { wordCount } from './topology/word-count.js';
import { workerToWorker } from './topology/worker-to-worker.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Every cell of the suite by its name: topology, question, calls in flight. */
export const CELLS = {
  'floor/lanes/ask-number/1': laneAsk(1),
  'floor/lanes/ask-number/32': laneAsk(32),
  'floor/lanes/ask-number/256': laneAsk(256),
  'floor/lanes/tell-number': laneTell,
  'floor/post-message/ask-number/1': postAsk(1),
  'floor/post-message/ask-number/256': postAsk(256),
  'floor/socket/ask-number/1': socketAsk(1),
  'floor/socket/ask-number/256': socketAsk(256),
  'floor/socket/ask-1-mib/8': socketBytes(8),
  'floor/memory/copy-1-mib': memoryCopy,
  'micro/lane/claim-publish-drain': laneThrough,
  'micro/codec/stamp-and-read': stampAndRead,
  'micro/codec/check-stamped': checkStamped,
  'micro/codec/verify-generic': verifyGeneric,
  'micro/codec/number': valueNumber,
  'micro/codec/text': valueText,
  'micro/codec/record': valueRecord,
  'micro/wheel/insert-remove': wheelInsertRemove,
  'home-to-worker/ask-number/1': homeToWorker(askNumber(1)),
  'home-to-worker/ask-number/32': homeToWorker(askNumber(32)),
  'home-to-worker/ask-number/256': homeToWorker(askNumber(256)),
  'home-to-worker/ask-record/256': homeToWorker(askRecord(256)),
  'home-to-worker/ask-1-kib/256': homeToWorker(askBytes(256, KIB)),
  'home-to-worker/ask-1-mib/8': homeToWorker(askBytes(8, MIB)),
  'home-to-worker/tell-number': homeToWorker(tellNumber),
  'home-to-worker/cold-call': coldCall,
  'home-to-worker/idle': idleCpu,
  'worker-to-worker/ask-number/1': workerToWorker(1),
  'worker-to-worker/ask-number/256': workerToWorker(256),
  'same-thread/ask-number/256': sameThread(askNumber(256)),
  'remote-home/ask-number/1': betweenProcesses(askNumber(1), 'home'),
  'remote-home/ask-number/256': betweenProcesses(askNumber(256), 'home'),
  'remote-home/ask-1-mib/8': betweenProcesses(askBytes(8, MIB), 'home'),
  'remote-home/tell-number': betweenProcesses(tellNumber, 'home'),
  'remote-worker/ask-number/1': betweenProcesses(askNumber(1), 0),
  'remote-worker/ask-number/256': betweenProcesses(askNumber(256), 0),
  'mini-cluster/start-4-task-executors': clusterStart,
  'mini-cluster/word-count': wordCount,
} as const satisfies Record<string, Cell>;

/** Name of a cell. */
export type CellName = keyof typeof CELLS;
