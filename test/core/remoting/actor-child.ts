import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { ActorSystem, Props } from '../../../actor.js';
import { Worker } from './remoting-fixtures.js';

/** A process with actors: `home` on its home thread and `worker` on a worker thread. */
export async function startChild(): Promise<{
  readonly child: ChildProcess;
  /** Where its actors are: append `/user/home` or `/user/worker`. */
  readonly base: string;
}> {
  const child = fork(new URL('./actor-child.js', import.meta.url), [], { stdio: 'inherit' });
  const [base] = (await once(child, 'message')) as [string];
  return { child, base };
}

if (process.argv[1]?.endsWith('actor-child.js')) {
  const system = await ActorSystem.start({
    service: { systemName: 'far', threads: 1, listen: { port: 0 } },
  });
  const home = system.actorOf(Props.of(Worker, 'home'), 'home');
  await system.actorOf(Props.of(Worker, 'worker').withThread(0), 'worker');
  process.send!(home.path.replace(/\/user.*/, ''));
  process.on('message', () => {
    process.disconnect();
    void system.close();
  });
}
