import type { FieldSpec, TableSpec } from './verifier.js';

// One line a field, in the order of the schema. A test compares them with schemas/*.fbs.
const byte: FieldSpec = { kind: 'scalar', size: 1 };
const short: FieldSpec = { kind: 'scalar', size: 2 };
const int: FieldSpec = { kind: 'scalar', size: 4 };
const double: FieldSpec = { kind: 'scalar', size: 8 };
const string: FieldSpec = { kind: 'string' };
const bytes: FieldSpec = { kind: 'vector', size: 1 };
const shorts: FieldSpec = { kind: 'vector', size: 2 };
const fencingToken: FieldSpec = { kind: 'struct', size: 16, alignment: 4 };

function table(name: string, fields: readonly FieldSpec[]): TableSpec {
  return { name, fields };
}

/** Specs for the verifier, one for each table of the schemas. */
export const INVOCATION_SPEC = table('Invocation', [
  int, // call
  int, // recipient
  int, // incarnation
  int, // deadline
  short, // method
  byte, // argument_count
  byte, // flags
  fencingToken, // token
  bytes, // arguments
  int, // sender
  int, // sender_incarnation
]);

export const REPLY_SPEC = table('Reply', [
  int, // call
  byte, // status
  byte, // flags
  bytes, // value
]);

export const CANCEL_SPEC = table('Cancel', [
  int, // call
]);

export const FAILURE_SPEC: TableSpec = table('Failure', [
  short, // code
  byte, // effect
  string, // name
  string, // message
  string, // stack
  string, // foreign_code
  string, // endpoint
  string, // method
  string, // address
  double, // limit
  double, // actual
  { kind: 'table', of: () => FAILURE_SPEC }, // cause
  { kind: 'tables', of: () => FAILURE_SPEC }, // errors
]);

export const HELLO_SPEC = table('Hello', [
  int, // protocol_version
  string, // system
  int, // incarnation
  int, // maximum_framesize
]);

export const IDENTIFY_SPEC = table('Identify', [
  string, // path
]);

export const ACTOR_IDENTITY_SPEC = table('ActorIdentity', [
  string, // path
  int, // recipient
  int, // incarnation
]);

export const METHOD_SIGNATURE_SPEC = table('MethodSignature', [
  string, // name
  byte, // kind
  string, // codec
]);

export const HANDSHAKE_REQUEST_SPEC = table('HandshakeRequest', [
  int, // protocol_version
  string, // contract
  string, // contract_hash
  { kind: 'tables', of: () => METHOD_SIGNATURE_SPEC }, // methods
]);

export const HANDSHAKE_ACCEPTED_SPEC = table('HandshakeAccepted', [
  shorts, // methods
]);

export const TASK_EXECUTOR_REGISTRATION_SPEC = table('TaskExecutorRegistration', [
  string, // address
  string, // resource_id
  int, // data_port
  double, // cpu_cores
  double, // memory_bytes
  int, // slots
]);

export const TASK_EXECUTOR_REGISTRATION_SUCCESS_SPEC = table('TaskExecutorRegistrationSuccess', [
  string, // instance_id
  string, // resource_manager_id
  double, // heartbeat_interval_ms
  string, // blob_host
  int, // blob_port
]);

export const SLOT_STATUS_SPEC = table('SlotStatus', [
  int, // slot
  string, // allocation_id
  string, // job_id
]);

export const SLOT_REPORT_SPEC = table('SlotReport', [
  { kind: 'tables', of: () => SLOT_STATUS_SPEC }, // slots
]);
