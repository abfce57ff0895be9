/** Whether the effect of a failed call is known: `none` means that a retry is safe. */
export type Effect = 'none' | 'unknown';

/** One row of the closed code table. */
export interface ErrorCodeEntry {
  /** The number on the wire; never reused. */
  readonly wire: number;
  /** The effect unless the place that fails knows better. */
  readonly effect: Effect;
  readonly meaning: string;
  readonly cure: string;
}

function entry(wire: number, effect: Effect, meaning: string, cure: string): ErrorCodeEntry {
  return { wire, effect, meaning, cure };
}

/** Every way in which the engine fails. The table is closed: codes are added, never renamed. */
export const ERROR_CODES = {
  INVALID_ARGUMENT: entry(
    1,
    'none',
    'An option or argument is out of its range.',
    'Correct the named value.',
  ),
  INVALID_STATE: entry(
    2,
    'none',
    'The move is not legal in this state.',
    'See the named state; order the calls.',
  ),
  ENDPOINT_NOT_STARTED: entry(
    3,
    'none',
    'The endpoint exists but serves only after start().',
    'Await server.start() first.',
  ),
  RECIPIENT_UNREACHABLE: entry(
    4,
    'none',
    'The endpoint is stopped or gone.',
    'Connect again; it may live elsewhere.',
  ),
  DUPLICATE_ENDPOINT: entry(
    5,
    'none',
    'A live endpoint has this id.',
    'Choose another id or stop the first.',
  ),
  ENDPOINT_START_FAILED: entry(
    6,
    'none',
    'Loading, constructing or onStart failed.',
    'See the cause.',
  ),
  ENDPOINT_STOP_FAILED: entry(
    7,
    'unknown',
    'onStop or a resource failed to close.',
    'See the cause.',
  ),
  UNKNOWN_METHOD: entry(
    8,
    'none',
    'The contract of the endpoint has no such method.',
    'Connect with the right contract.',
  ),
  CONNECTION_FAILED: entry(
    9,
    'none',
    'The address does not resolve.',
    'Check the address; is the service up?',
  ),
  HANDSHAKE_REJECTED: entry(
    10,
    'none',
    'Protocol version or contract differs.',
    'Bring both sides to the same contract.',
  ),
  FENCING_TOKEN_MISMATCH: entry(
    11,
    'none',
    'The call carries the token of another leader session.',
    'Retrieve the leader again.',
  ),
  FENCING_TOKEN_MISSING: entry(
    12,
    'none',
    'An unfenced call to a fenced endpoint.',
    'Connect with { fencingToken }.',
  ),
  TIMEOUT: entry(
    13,
    'unknown',
    'No answer before the deadline.',
    'Raise timeoutMs, or look why the endpoint is slow.',
  ),
  CANCELLED: entry(14, 'unknown', 'The AbortSignal of the call fired.', 'None needed.'),
  HANDLER_FAILED: entry(15, 'unknown', 'The method threw or rejected.', 'See the cause.'),
  NOT_SERIALIZABLE: entry(
    16,
    'none',
    'A value cannot leave its thread.',
    'Remove the value at the named path.',
  ),
  FRAME_TOO_LARGE: entry(
    17,
    'none',
    'A request is larger than maximumFramesize.',
    'Raise maximumFramesize or send less.',
  ),
  RESULT_TOO_LARGE: entry(
    18,
    'unknown',
    'A result is larger than maximumFramesize.',
    'Raise maximumFramesize or answer less.',
  ),
  MAILBOX_FULL: entry(
    19,
    'none',
    'The bounded backlog towards the endpoint is full.',
    'await ready(gateway); slow down.',
  ),
  THREAD_TERMINATED: entry(
    20,
    'unknown',
    'The thread of the endpoint ended.',
    'See the cause; connect again after a restart.',
  ),
  PEER_LOST: entry(21, 'unknown', 'The connection to the other process is lost.', 'Connect again.'),
  PROTOCOL_ERROR: entry(
    22,
    'unknown',
    'A peer sent bytes that are not our protocol.',
    'Check versions and who connects here.',
  ),
  WRONG_THREAD: entry(
    23,
    'none',
    'An endpoint was used outside its main thread.',
    'Use runAsync or callAsync.',
  ),
  SERVICE_CLOSED: entry(24, 'none', 'The service is closed or closing.', 'Start a new service.'),
  BIND_FAILED: entry(
    25,
    'none',
    'The port or socket path cannot be listened on.',
    'Choose another port or range.',
  ),
  THREAD_START_FAILED: entry(26, 'none', 'A worker thread did not come up.', 'See the cause.'),
  REGISTRATION_REJECTED: entry(27, 'none', 'The other side said a final no.', 'See the reason.'),
  LEADERSHIP_LOST: entry(
    28,
    'unknown',
    'Leadership moved away while the work was under way.',
    'Retrieve the leader again.',
  ),
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
