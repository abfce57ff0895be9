import {
  SlotReport as SlotReportTable,
  SlotStatus as SlotStatusTable,
  TaskExecutorRegistration as RegistrationTable,
  TaskExecutorRegistrationSuccess as SuccessTable,
} from '../../schemas/gen/index.js';
import { elements, encodeTable, openTable, required } from './table-codec.js';
import {
  SLOT_REPORT_SPEC,
  TASK_EXECUTOR_REGISTRATION_SPEC,
  TASK_EXECUTOR_REGISTRATION_SUCCESS_SPEC,
} from './table-specs.js';

/** What a TaskExecutor says about itself (Flink TaskExecutorRegistration). */
export interface TaskExecutorRegistration {
  readonly address: string;
  readonly resourceId: string;
  /** -1 without a data port. */
  readonly dataPort: number;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly slots: number;
}

/** The ResourceManager's yes (Flink TaskExecutorRegistrationSuccess). */
export interface TaskExecutorRegistrationSuccess {
  readonly instanceId: string;
  readonly resourceManagerId: string;
  readonly heartbeatIntervalMs: number;
  /** Empty without a blob server. */
  readonly blobHost: string;
  readonly blobPort: number;
}

/** One slot; both ids are empty while it is free. */
export interface SlotStatus {
  readonly slot: number;
  readonly allocationId: string;
  readonly jobId: string;
}

/** Every slot of one TaskExecutor (Flink SlotReport). */
export interface SlotReport {
  readonly slots: readonly SlotStatus[];
}

/** Encodes; the inverse of {@link decodeTaskExecutorRegistration}. */
export function encodeTaskExecutorRegistration(value: TaskExecutorRegistration): Uint8Array {
  return encodeTable((builder) => {
    const address = builder.createString(value.address);
    const resourceId = builder.createString(value.resourceId);
    RegistrationTable.startTaskExecutorRegistration(builder);
    RegistrationTable.addAddress(builder, address);
    RegistrationTable.addResourceId(builder, resourceId);
    RegistrationTable.addDataPort(builder, value.dataPort);
    RegistrationTable.addCpuCores(builder, value.cpuCores);
    RegistrationTable.addMemoryBytes(builder, value.memoryBytes);
    RegistrationTable.addSlots(builder, value.slots);
    return RegistrationTable.endTaskExecutorRegistration(builder);
  });
}

/** Throws `PROTOCOL_ERROR` when the bytes are no TaskExecutorRegistration. */
export function decodeTaskExecutorRegistration(bytes: Uint8Array): TaskExecutorRegistration {
  const buffer = openTable(bytes, TASK_EXECUTOR_REGISTRATION_SPEC);
  const table = RegistrationTable.getRootAsTaskExecutorRegistration(buffer);
  return {
    address: required(table.address(), 'TaskExecutorRegistration.address'),
    resourceId: required(table.resourceId(), 'TaskExecutorRegistration.resource_id'),
    dataPort: table.dataPort(),
    cpuCores: table.cpuCores(),
    memoryBytes: table.memoryBytes(),
    slots: table.slots(),
  };
}

/** Encodes; the inverse of {@link decodeTaskExecutorRegistrationSuccess}. */
export function encodeTaskExecutorRegistrationSuccess(
  value: TaskExecutorRegistrationSuccess,
): Uint8Array {
  return encodeTable((builder) => {
    const instanceId = builder.createString(value.instanceId);
    const resourceManagerId = builder.createString(value.resourceManagerId);
    const blobHost = builder.createString(value.blobHost);
    SuccessTable.startTaskExecutorRegistrationSuccess(builder);
    SuccessTable.addInstanceId(builder, instanceId);
    SuccessTable.addResourceManagerId(builder, resourceManagerId);
    SuccessTable.addHeartbeatIntervalMs(builder, value.heartbeatIntervalMs);
    SuccessTable.addBlobHost(builder, blobHost);
    SuccessTable.addBlobPort(builder, value.blobPort);
    return SuccessTable.endTaskExecutorRegistrationSuccess(builder);
  });
}

/** Throws `PROTOCOL_ERROR` when the bytes are no TaskExecutorRegistrationSuccess. */
export function decodeTaskExecutorRegistrationSuccess(
  bytes: Uint8Array,
): TaskExecutorRegistrationSuccess {
  const buffer = openTable(bytes, TASK_EXECUTOR_REGISTRATION_SUCCESS_SPEC);
  const table = SuccessTable.getRootAsTaskExecutorRegistrationSuccess(buffer);
  return {
    instanceId: required(table.instanceId(), 'TaskExecutorRegistrationSuccess.instance_id'),
    resourceManagerId: required(
      table.resourceManagerId(),
      'TaskExecutorRegistrationSuccess.resource_manager_id',
    ),
    heartbeatIntervalMs: table.heartbeatIntervalMs(),
    blobHost: table.blobHost() ?? '',
    blobPort: table.blobPort(),
  };
}

/** Encodes; the inverse of {@link decodeSlotReport}. */
export function encodeSlotReport(report: SlotReport): Uint8Array {
  return encodeTable((builder) => {
    const statuses = report.slots.map((status) => {
      const allocationId = builder.createString(status.allocationId);
      const jobId = builder.createString(status.jobId);
      return SlotStatusTable.createSlotStatus(builder, status.slot, allocationId, jobId);
    });
    const slots = SlotReportTable.createSlotsVector(builder, statuses);
    return SlotReportTable.createSlotReport(builder, slots);
  });
}

/** Throws `PROTOCOL_ERROR` when the bytes are no SlotReport. */
export function decodeSlotReport(bytes: Uint8Array): SlotReport {
  const table = SlotReportTable.getRootAsSlotReport(openTable(bytes, SLOT_REPORT_SPEC));
  const statuses = elements(table.slotsLength(), (index) => table.slots(index));
  return {
    slots: statuses.map((status) => ({
      slot: status.slot(),
      allocationId: status.allocationId() ?? '',
      jobId: status.jobId() ?? '',
    })),
  };
}
