/**
 * One end of a heartbeat, as the other end sees it (Flink HeartbeatTarget). Both calls are asks,
 * so that an unreachable peer is noticed at once instead of after the whole time-out.
 */
export interface HeartbeatTarget<Payload> {
  /** An answer to a request, with what this side has to tell. */
  receiveHeartbeat(origin: string, payload: Payload): Promise<void>;
  /** Asks for a heartbeat and brings what this side has to tell. */
  requestHeartbeat(origin: string, payload: Payload): Promise<void>;
}

/** Hears how the targets are and provides what they are told (Flink HeartbeatListener). */
export interface HeartbeatListener<In, Out> {
  /** Nothing was heard of the target for the whole time-out; it is no longer monitored. */
  notifyHeartbeatTimeout(resourceId: string): void;
  /** Calls to the target failed as unreachable, too often in a row; it is no longer monitored. */
  notifyTargetUnreachable(resourceId: string): void;
  reportPayload(resourceId: string, payload: In): void;
  /** Built at the moment it is sent, in the main thread: an older one would undo later changes. */
  retrievePayload(resourceId: string): Out;
}
