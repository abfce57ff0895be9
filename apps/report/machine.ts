import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { formatBytes } from '../terminal/format.js';

/** What a figure must be read beside. */
export interface MachineFacts {
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
  /** Load average of the last minute when asked: above zero others share the machine. */
  readonly loadAverage: number;
}

/** The machine that this process runs on. */
export function describeMachine(): MachineFacts {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** The facts in one line. */
export function machineLine(machine: MachineFacts): string {
  const { node, platform, cores, cpu, memoryBytes, loadAverage } = machine;
  const core = cores === 1 ? '1 core' : `${cores} cores`;
  const memory = formatBytes(memoryBytes);
  return `Node ${node}, ${platform}, ${core} (${cpu}), ${memory}, load ${loadAverage}`;
}
