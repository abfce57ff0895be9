/**
 * What the rooms of this repository may use of core beside the public doors: cluster, apps, tests
 * and
 * benches. Outside semantic versioning.
 */
export { assert, AssertionFailed, unreachable } from './base/assert.js';
export { type Clock, systemClock, type TimerHandle } from './base/clock.js';
export { type Deferred, deferred, ignoreRejection, isThenable } from './base/deferred.js';
export { createRandomName, createWildcardName, randomId } from './base/ids.js';
export { type Logger, silentLogger } from './base/logger.js';
export * from './codec/registration-codec.js';
export { checkDurationMs, checkInteger } from './config/options.js';
export { describeThrown, toRpcError } from './errors/rpc-error.js';
export * from './ha/embedded-leader-service.js';
export * from './ha/leader-component-runner.js';
export * from './ha/leader-election.js';
export * from './ha/leader-registry.js';
export * from './ha/standalone-ha-services.js';
export * from './heartbeat/heartbeat-manager.js';
export * from './heartbeat/heartbeat-manager-sender.js';
export * from './heartbeat/heartbeat-services.js';
export * from './heartbeat/heartbeat-target.js';
export * from './registration/registered-rpc-connection.js';
export * from './registration/registration-configuration.js';
export * from './registration/registration-response.js';
export * from './registration/retrying-registration.js';
export { withRoom } from './rpc/with-room.js';
