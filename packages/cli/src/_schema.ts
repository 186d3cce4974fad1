// Test helper: the committed JSON Schema of `verify --json`, applied by ajv.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

export interface VerifyOutput {
  exitCode: number;
  policy: { path: string; require: number } | null;
  results: {
    file: string;
    sha256: string | null;
    verdict: string;
    exitCode: number;
    matches: number;
    dissents: number;
    bundle: string | null;
    members: { path: string; state: string }[] | null;
    errors: { code: string; message: string }[];
    warnings: string[];
    release: { purl: string } | null;
    operators: { operator: string; standing: string }[];
    steps?: unknown[];
  }[];
  errors: { code: string; message: string }[];
}

const schema: unknown = JSON.parse(readFileSync(new URL('../schema/verify.schema.json', import.meta.url), 'utf8'));
const validate = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false }).compile(schema as object);

/** The output, parsed; throws with every violation when it does not fit the schema, or is not one JSON text. */
export function checkedOutput(stdout: string): VerifyOutput {
  const value: unknown = JSON.parse(stdout);
  if (!validate(value)) throw new Error(`the output violates its schema: ${JSON.stringify(validate.errors, null, 1)}\n${stdout}`);
  return value as VerifyOutput;
}
