import {
  type Logger,
  RegisteredRpcConnection,
  type RetryingRegistrationConfiguration,
} from '../core/internal.js';
import { callOptions, type MainThreadExecutor, type RpcService } from '../index.js';
import { JobMasterGateway } from './gateways.js';
import type { SlotRequest } from './messages.js';

/** A JobMaster that has taken our registration. */
export interface JobMasterLink {
  readonly gateway: JobMasterGateway;
  readonly resourceId: string;
}

/** One job that has slots here, and the connection to its JobMaster. */
export interface Job {
  readonly jobId: string;
  readonly jobMasterId: string;
  readonly connection: RegisteredRpcConnection<JobMasterGateway, string, string>;
  /** Undefined until registered and after the JobMaster was lost. */
  link: JobMasterLink | undefined;
  /** Only the answer to the newest offer counts. */
  newestOffer: object | undefined;
}

/** What the table needs of its TaskExecutor. */
export interface JobTableParts {
  readonly rpcService: RpcService;
  readonly executor: MainThreadExecutor;
  readonly logger: Logger;
  readonly configuration: RetryingRegistrationConfiguration;
  readonly self: {
    readonly resourceId: string;
    readonly address: string;
    readonly session: string;
  };
  readonly onRegistered: (job: Job, link: JobMasterLink) => void;
  /** The JobMaster said a final no, or registering failed for good. */
  readonly onRefused: (job: Job, reason: string) => void;
}

/** The jobs of one TaskExecutor (Flink JobTable with its DefaultJobLeaderService). */
export class JobTable {
  readonly #parts: JobTableParts;
  readonly #jobs = new Map<string, Job>();

  constructor(parts: JobTableParts) {
    this.#parts = parts;
  }

  get(jobId: string): Job | undefined {
    return this.#jobs.get(jobId);
  }

  all(): Job[] {
    return [...this.#jobs.values()];
  }

  findByResourceId(resourceId: string): Job | undefined {
    return this.all().find((job) => job.link?.resourceId === resourceId);
  }

  /** Adds the job of a slot request and registers with its JobMaster; a new leader gets its own. */
  add({ jobId, jobMasterId, jobMasterAddress: address }: SlotRequest): Job {
    const known = this.#jobs.get(jobId);
    if (known?.jobMasterId === jobMasterId) return known;
    known?.connection.close();
    const { rpcService, executor, logger, configuration, self } = this.#parts;
    const connection = new RegisteredRpcConnection<JobMasterGateway, string, string>(
      {
        name: `JobMaster of ${jobId}`,
        address,
        connect: () => rpcService.connect(address, JobMasterGateway, { fencingToken: jobMasterId }),
        register: (gateway, timeoutMs) =>
          gateway.registerTaskExecutor({ jobId, ...self }, callOptions({ timeoutMs })),
      },
      { executor, logger, configuration },
      {
        onRegistrationSuccess: (gateway, resourceId) => {
          job.link = { gateway, resourceId };
          this.#parts.onRegistered(job, job.link);
        },
        onRegistrationRejection: (reason) => this.#parts.onRefused(job, reason),
        onRegistrationFailure: (error) => this.#parts.onRefused(job, String(error)),
      },
    );
    const job: Job = { jobId, jobMasterId, connection, link: undefined, newestOffer: undefined };
    this.#jobs.set(jobId, job);
    connection.start();
    return job;
  }

  remove(job: Job): void {
    job.connection.close();
    job.link = undefined;
    if (this.#jobs.get(job.jobId) === job) this.#jobs.delete(job.jobId);
  }

  /** The name lets an endpoint register it as a resource. */
  close(): void {
    for (const job of this.#jobs.values()) job.connection.close();
    this.#jobs.clear();
  }
}
