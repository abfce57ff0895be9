import { type Deferred, deferred } from '../core/internal.js';
import type { JobProgress, TaskProgress } from './messages.js';

/** Keeps the newest report of each task, and wakes who waits for news. */
export class ProgressBoard {
  readonly #reports = new Map<string, TaskProgress>();
  #version = 0;
  #isOver = false;
  #news: Deferred<void> = deferred();

  report(taskId: string, value: unknown): void {
    this.#version++;
    this.#reports.set(taskId, { taskId, value, version: this.#version });
    this.#wake();
  }

  /** No report comes any more. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** What is newer than `since`, as soon as there is something. */
  async after(since: number): Promise<JobProgress> {
    while (!this.#isOver && this.#version <= since) await this.#news.promise;
    const reports = [...this.#reports.values()].filter((report) => report.version > since);
    return { version: this.#version, isOver: this.#isOver, reports };
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = deferred();
  }
}
