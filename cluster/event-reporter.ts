import { systemClock } from '../core/internal.js';
import type { RpcService } from '../index.js';
import { EventCollectorGateway } from './gateways.js';
import type { ClusterEvent, ClusterEventKind } from './messages.js';

/** Takes the steps of one component, wherever they go from there. */
export interface EventReporter {
  report(kind: ClusterEventKind, resourceId: string, detail: string): void;
}

/** Reports to a function of this thread. */
export function localReporter(
  thread: number | 'home',
  sink: (event: ClusterEvent) => void,
): EventReporter {
  return {
    report: (kind, resourceId, detail) =>
      sink({ kind, resourceId, thread, pid: process.pid, clockMs: systemClock.nowMs(), detail }),
  };
}

/** Reports to an event collector of another thread or process; without an address to nobody. */
export function remoteReporter(
  service: RpcService,
  address: string | undefined,
  thread: number | 'home',
): EventReporter {
  if (address === undefined) return { report() {} };
  const waiting: ClusterEvent[] = [];
  let send = (event: ClusterEvent): void => void waiting.push(event);
  service.connect(address, EventCollectorGateway).then(
    (collector) => {
      send = (event) => {
        try {
          collector.report(event);
        } catch {
          // Events are for people; losing one changes nothing.
        }
      };
      waiting.forEach(send);
      waiting.length = 0;
    },
    () => {
      send = () => {};
    },
  );
  return localReporter(thread, (event) => send(event));
}
