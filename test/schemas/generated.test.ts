import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import * as specs from '../../core/codec/table-specs.js';
import type { FieldSpec, TableSpec } from '../../core/codec/verifier.js';
import { REPOSITORY_ROOT, listFiles } from '../support/repository.js';

const SCALAR_BYTES: Readonly<Record<string, number>> = {
  ubyte: 1,
  ushort: 2,
  uint: 4,
  int: 4,
  double: 8,
};

interface SchemaField {
  readonly name: string;
  readonly type: string;
}

/** Tables and structs of all schema files by name. */
function readSchemas(): Map<string, readonly SchemaField[]> {
  const found = new Map<string, readonly SchemaField[]>();
  const paths = listFiles('schemas').filter((path) => path.endsWith('.fbs'));
  for (const path of paths) {
    const text = readFileSync(REPOSITORY_ROOT + path, 'utf8');
    const source = text.replaceAll(/\/\/.*|\(force_align: \d+\)/g, '');
    for (const [, name, body] of source.matchAll(/(?:table|struct)\s+(\w+)\s*\{([^}]*)\}/g)) {
      const fields = [...body!.matchAll(/(\w+)\s*:\s*([[\]\w]+)/g)];
      found.set(
        name!,
        fields.map((field) => ({ name: field[1]!, type: field[2]! })),
      );
    }
  }
  return found;
}

const schemas = readSchemas();

/** The spec that a type of the schema asks for, with tables by name. */
function describeType(type: string): unknown {
  const size = SCALAR_BYTES[type];
  if (size !== undefined) return { kind: 'scalar', size };
  if (type === 'string') return { kind: 'string' };
  if (type === 'FencingToken') return { kind: 'struct', size: 16, alignment: 4 };
  const element = /^\[(\w+)\]$/.exec(type)?.[1];
  if (element === undefined) return { kind: 'table', of: type };
  const elementBytes = SCALAR_BYTES[element];
  if (elementBytes !== undefined) return { kind: 'vector', size: elementBytes };
  return { kind: 'tables', of: element };
}

function describeField(field: FieldSpec): unknown {
  return 'of' in field ? { kind: field.kind, of: field.of().name } : field;
}

describe('the schemas', () => {
  it('are compiled into exactly the committed files', () => {
    const script = `${REPOSITORY_ROOT}schemas/generate.mjs`;
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });

  it('have one spec for the verifier for each table, field by field', () => {
    const all = Object.values<TableSpec>(specs);
    const names = [...schemas.keys()].filter((name) => name !== 'FencingToken');
    assert.deepEqual(all.map((spec) => spec.name).sort(), names.sort());
    for (const { name, fields } of all) {
      const expected = schemas.get(name)!.map((field) => describeType(field.type));
      assert.deepEqual(fields.map(describeField), expected, name);
    }
  });

  it('have the slots of the vtable in the order of their fields', () => {
    for (const [name, fields] of schemas) {
      if (name === 'FencingToken') continue;
      const file = name.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
      const source = readFileSync(`${REPOSITORY_ROOT}schemas/gen/${file}.ts`, 'utf8');
      fields.forEach(({ name: field }, slot) => {
        const camel = field.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
        const adder = new RegExp(
          `static add${camel}\\([^)]*\\) \\{\\s*builder\\.\\w+\\((\\d+),`,
          'i',
        );
        assert.equal(Number(adder.exec(source)?.[1]), slot, `${name}.${field}`);
      });
    }
  });

  it('have a fencing token of four words', () => {
    assert.deepEqual(
      schemas.get('FencingToken')?.map((field) => field.type),
      Array(4).fill('uint'),
    );
  });
});
