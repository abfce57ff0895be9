import { assert } from '../base/assert.js';
import { isPowerOfTwo } from '../base/sequence.js';

/** Every bound of the engine that is not an option; each has one name, one unit and one place. */
export const LIMITS = {
  /** Threads of one service, the home thread included: a recipient number has 8 bits for it. */
  threads: 256,
  /** Endpoints of one thread: a recipient number has 24 bits for the slot. */
  endpointsPerThread: 1 << 24,
  /** Asks of one thread that may be waiting at once: a call number has 20 bits for the slot. */
  pendingAsks: 1 << 20,
  /** Arguments of one call: a record has 8 bits for their number. */
  argumentsPerCall: 255,
  /** Longest deadline in milliseconds (24 days); longer ones are as long as this. */
  deadlineMs: 24 * 24 * 60 * 60 * 1000,
  /** Methods of one endpoint, all its contracts together. */
  methodsPerEndpoint: 1 << 12,
  /** Encoded values from this size on travel beside the lane, as a transferred buffer. */
  besideBytes: 64 * 1024,
  /** Bytes that may be under way beside a lane, as its capacity bounds those inside. */
  bytesBeside: 256 * 1024 * 1024,
  /** Shared memories that the far end of a lane keeps by ticket: how many, how many bytes. */
  sharedMemories: 64,
  sharedMemoryBytes: 256 * 1024 * 1024,
  /**
   * A lane publishes early when this much is stamped but not yet visible to the consumer: the first
   * time in a turn, and doubled each time up to the second.
   */
  unpublishedBytesFirst: 512,
  unpublishedBytesMax: 16 * 1024,
  /** Bytes that the backlog of one lane may hold, beside `backlogLimit` messages. */
  backlogBytes: 64 * 1024 * 1024,
  /** Bytes of the calls that may wait at one serial endpoint, beside `endpointQueueLimit`. */
  endpointQueueBytes: 64 * 1024 * 1024,
  /** Messages of one lane that a thread keeps while it waits on the spot; then the lane fills. */
  keptRecords: 65_536,
  /** Smallest and largest capacity of a lane. */
  laneCapacityBytesMin: 256 * 1024,
  laneCapacityBytesMax: 1 << 30,
  /** Dead letters that a thread reports to the listeners of its service in a second. */
  deadLetterReportsPerSecond: 1_000,
  /** Cause chain of an error that travels. */
  causeDepth: 8,
  /** Errors of one `AggregateError` that travel. */
  aggregatedErrors: 16,
  /** Errors in one answer: causes and aggregated ones, all together. */
  failuresPerAnswer: 64,
  /** Objects that the MessagePack in the arguments or the result of a peer may make. */
  foreignObjects: 1 << 20,
  /** Text of one error field that travels, in UTF-16 code units. */
  errorTextLength: 16 * 1024,
  /** Keys of all the shapes that one writer of records remembers; then it begins anew. */
  shapeKeys: 4096,
  /** Messages that one actor may have stashed, unless its Props say otherwise. */
  stashedMessages: 4096,
  /** Timers of one actor. */
  timersPerActor: 1 << 16,
  /** Behaviours of one actor, one above the other. */
  behaviours: 1024,
  /** Actors that one actor may watch. */
  watchedPerActor: 1 << 16,
  /** Watchers of one actor on other threads and in other processes. */
  distantWatchersPerActor: 1 << 16,
  /** Threads of other processes whose addresses are remembered when nothing leads there now. */
  linkedHosts: 1024,
  /** Routees of one pool or group. */
  routeesPerRouter: 1 << 12,
  /** Longest endpoint id or contract name. */
  nameLength: 255,
} as const;

assert(isPowerOfTwo(LIMITS.laneCapacityBytesMin), 'a lane capacity is a power of two');
assert(
  LIMITS.laneCapacityBytesMin >= 4 * LIMITS.besideBytes,
  'the largest record must fit into a lane at any position',
);
