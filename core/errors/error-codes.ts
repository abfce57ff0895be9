/** Whether the effect of a failed call is known: `none` means that a retry is safe. */
export type Effect = 'none' | 'unknown';

/** One row of the closed code table. */
export interface ErrorCodeEntry {
  /** The number on the wire; never reused. */
  readonly wire: number;
  /** The effect unless the place that fails knows better. */
  readonly effect: Effect;
  readonly meaning: string;
  /** What is behind it most of the time. */
  readonly usualCause: string;
  readonly cure: string;
}

/** Every way in which the engine fails. The table is closed: codes are added, never renamed. */
export const ERROR_CODES = {
  INVALID_ARGUMENT: {
    wire: 1,
    effect: 'none',
    meaning: 'An option, argument, address or name is out of its range.',
    usualCause: 'A typing slip, or a value computed from something that was not checked.',
    cure: 'Correct the value that the message names; it says the range.',
  },
  INVALID_STATE: {
    wire: 2,
    effect: 'none',
    meaning: 'The move is not legal in this state.',
    usualCause:
      'Stopping what starts; `new` for an endpoint; a program loaded as an endpoint module.',
    cure: 'Await the move before; see the message for the state and what it allows.',
  },
  ENDPOINT_NOT_STARTED: {
    wire: 3,
    effect: 'none',
    meaning: 'The endpoint exists but serves only after `start()`.',
    usualCause: '`server.start()` was not awaited, `onStart` has not ended, or it was stopped.',
    cure: 'Await `server.start()` before the address is given away.',
  },
  RECIPIENT_UNREACHABLE: {
    wire: 4,
    effect: 'none',
    meaning: 'The endpoint is stopped or gone.',
    usualCause: 'It was stopped, or has been started anew since the gateway was made.',
    cure: 'Connect again: a gateway is bound to one incarnation.',
  },
  DUPLICATE_ENDPOINT: {
    wire: 5,
    effect: 'none',
    meaning: 'A live endpoint of this service has this id.',
    usualCause:
      'The same id given twice, or the next one was started before the termination of the last.',
    cure: 'Choose another id, or await `terminationFuture` of the first.',
  },
  ENDPOINT_START_FAILED: {
    wire: 6,
    effect: 'none',
    meaning: 'Loading, constructing or `onStart` failed.',
    usualCause: 'The module does not export the class, the constructor threw, or `onStart` did.',
    cure: 'See the cause.',
  },
  ENDPOINT_STOP_FAILED: {
    wire: 7,
    effect: 'unknown',
    meaning:
      '`onStop` failed, or a resource did not close, or they took longer than `stopTimeoutMs`.',
    usualCause: 'An error or a hanging promise in the stopping code of an endpoint.',
    cure: 'See the cause; the endpoint is gone all the same and its id is free.',
  },
  UNKNOWN_METHOD: {
    wire: 8,
    effect: 'none',
    meaning: 'The contract of the endpoint has no such method.',
    usualCause: 'A peer that calls by numbers which no handshake gave it.',
    cure: 'Let `connect` do the handshake; bring both sides to the same contract.',
  },
  CONNECTION_FAILED: {
    wire: 9,
    effect: 'none',
    meaning: 'The address does not resolve.',
    usualCause: 'Nobody lives there (yet), another system answers there, or the host does not.',
    cure: 'Check the address; see that the service is up and the endpoint made.',
  },
  HANDSHAKE_REJECTED: {
    wire: 10,
    effect: 'none',
    meaning: 'Protocol version or contract differs.',
    usualCause: 'The two sides were built from different versions, or something else lives there.',
    cure: 'Bring both sides to one contract: first the endpoint, then its callers.',
  },
  FENCING_TOKEN_MISMATCH: {
    wire: 11,
    effect: 'none',
    meaning: 'The call carries the token of another leader session.',
    usualCause: 'The leader changed; the caller still has a gateway to the session before.',
    cure: 'Retrieve the leader again and connect with its token.',
  },
  FENCING_TOKEN_MISSING: {
    wire: 12,
    effect: 'none',
    meaning: 'An unfenced call to a fenced endpoint.',
    usualCause: '`connect` was called without the token.',
    cure: 'Connect with `{ fencingToken }`.',
  },
  TIMEOUT: {
    wire: 13,
    effect: 'unknown',
    meaning: 'No answer before the deadline.',
    usualCause:
      'The endpoint is slow, blocked, or waits for another one; or the deadline is too short.',
    cure: 'Raise `timeoutMs`, or look why the endpoint is slow.',
  },
  CANCELLED: {
    wire: 14,
    effect: 'unknown',
    meaning: 'The `AbortSignal` of the call fired.',
    usualCause: 'The caller wished it.',
    cure: 'None needed.',
  },
  HANDLER_FAILED: {
    wire: 15,
    effect: 'unknown',
    meaning: 'The method threw, or its promise was rejected.',
    usualCause:
      "An error in the user's code; `cause` has its name, message, code, stack and causes.",
    cure: 'See the cause.',
  },
  NOT_SERIALIZABLE: {
    wire: 16,
    effect: 'none',
    meaning: 'A value cannot leave its thread.',
    usualCause: 'A function, symbol, promise, weak collection or detached buffer somewhere inside.',
    cure: 'Take it out at the path that the message names, or send plain data instead.',
  },
  FRAME_TOO_LARGE: {
    wire: 17,
    effect: 'none',
    meaning: 'A request is larger than `maximumFramesize`, or made of too many objects.',
    usualCause: 'A big value sent to another process.',
    cure: 'Raise `maximumFramesize` on both sides, or send less at a time.',
  },
  RESULT_TOO_LARGE: {
    wire: 18,
    effect: 'unknown',
    meaning: 'A result is larger than `maximumFramesize`, or made of too many objects.',
    usualCause: 'A big value answered to another process.',
    cure: 'Raise `maximumFramesize` on both sides, or answer in pieces.',
  },
  MAILBOX_FULL: {
    wire: 19,
    effect: 'none',
    meaning: 'A bound on waiting calls is reached.',
    usualCause: 'Calls are made faster than they are handled, or too many asks wait for answers.',
    cure: 'Await `ready(gateway)` now and then; the message names the option that bounds it.',
  },
  THREAD_TERMINATED: {
    wire: 20,
    effect: 'unknown',
    meaning: 'The thread of the endpoint ended.',
    usualCause: 'An uncaught exception, an unhandled rejection, `process.exit`, no memory left.',
    cure: 'See the cause; connect again after a restart.',
  },
  PEER_LOST: {
    wire: 21,
    effect: 'unknown',
    meaning: 'The connection to the other process is lost.',
    usualCause: 'That process ended, or the network between did.',
    cure: 'Connect again.',
  },
  PROTOCOL_ERROR: {
    wire: 22,
    effect: 'unknown',
    meaning: 'A peer sent bytes that are not our protocol.',
    usualCause:
      'Something else connects to this port, another version does, or bytes were damaged.',
    cure: 'Check versions, and who connects here; the connection is closed.',
  },
  WRONG_THREAD: {
    wire: 23,
    effect: 'none',
    meaning: 'An endpoint was used outside its main thread.',
    usualCause: 'Its object was handed to other code instead of a gateway.',
    cure: 'Use a gateway, `runAsync` or `callAsync`.',
  },
  SERVICE_CLOSED: {
    wire: 24,
    effect: 'none',
    meaning: 'The service is closed or closing.',
    usualCause: 'A call, connect or start after `close()`.',
    cure: 'Start a new service.',
  },
  BIND_FAILED: {
    wire: 25,
    effect: 'none',
    meaning: 'The port or socket path cannot be listened on.',
    usualCause: 'Another process listens there, or this one may not.',
    cure: 'Choose another port, or give a `portRange`.',
  },
  THREAD_START_FAILED: {
    wire: 26,
    effect: 'none',
    meaning: 'A worker thread did not come up.',
    usualCause: 'Too little memory (`workerResourceLimits`), or too many threads for the machine.',
    cure: 'See the cause.',
  },
  REGISTRATION_REJECTED: {
    wire: 27,
    effect: 'none',
    meaning: 'The other side said a final no to a registration.',
    usualCause: 'It does not know this worker, or the worker belongs elsewhere.',
    cure: 'See the reason in the message; asking again does not help.',
  },
} as const satisfies Record<string, ErrorCodeEntry>;

/** The code of an `RpcError`. */
export type ErrorCode = keyof typeof ERROR_CODES;

const byWire = new Map<number, ErrorCode>(
  (Object.keys(ERROR_CODES) as ErrorCode[]).map((code) => [ERROR_CODES[code].wire, code]),
);

/** The code of a number from the wire; undefined when a newer peer knows more codes than we do. */
export function errorCodeOf(wire: number): ErrorCode | undefined {
  return byWire.get(wire);
}
