import {
  Actor,
  type ActorContext,
  ActorSystem,
  type ActorSystemOptions,
  type DeadLetter,
} from '../../../actor.js';

/** Runs `test` with a system of its own, which is closed whatever happens. */
export async function withSystem(
  test: (system: ActorSystem) => Promise<void>,
  options: ActorSystemOptions = {},
): Promise<void> {
  const system = ActorSystem.create('test', options);
  try {
    await test(system);
  } finally {
    await system.close();
  }
}

/** Dead letters from now on. */
export function lettersOf(system: ActorSystem): DeadLetter[] {
  const letters: DeadLetter[] = [];
  system.deadLetters.subscribe((letter) => letters.push(letter));
  return letters;
}

/** Takes anything and writes it down. */
export class Recorder extends Actor<unknown> {
  readonly #seen: unknown[];

  constructor(seen: unknown[]) {
    super();
    this.#seen = seen;
  }

  override onReceive(message: unknown): void {
    this.#seen.push(message);
  }
}

/** Runs what it is told: each test writes the behaviour that it needs. */
export type Step = (context: ActorContext<Step>) => void | Promise<void>;

/** Its `life` says which hooks of which instance ran: instances are counted for each life. */
export class Runner extends Actor<Step> {
  readonly #life: string[];
  #number = 0;

  constructor(life: string[] = []) {
    super();
    this.#life = life;
  }

  override onStart(): void {
    this.#number = 1 + this.#life.filter((line) => line.startsWith('start')).length;
    this.#life.push(`start ${this.#number}`);
  }

  override onStop(): void {
    this.#life.push(`stop ${this.#number}`);
  }

  override onReceive(step: Step, context: ActorContext<Step>): void | Promise<void> {
    return step(context);
  }
}
