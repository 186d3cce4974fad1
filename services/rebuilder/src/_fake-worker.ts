/**
 * Test-only: speaks the worker's side of the protocol without a toolchain. The variable FAKE_WORKER holds JSON: what to publish and build for
 * an artifact, how long it takes, and which step goes wrong how. The node around it is the real one.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatLine, LineSplitter, parseLine, toWorker, type FromWorker, type WorkerFacts } from './worker-protocol.ts';

export interface FakePlan {
  /** Text of the published file and of the output; the artifact's name replaces `%`. */
  readonly published?: string;
  readonly built?: string;
  readonly delayMs?: number;
  /** It does nothing before there is this file. */
  readonly waitsFor?: string;
  /** Nothing goes wrong for the user that runs the tests. */
  readonly onlyForOthers?: boolean;
  readonly step?: 'hello' | 'receive' | 'build' | 'again' | 'explain';
  /** What the first explanation says would prove the cause; then the published bytes come out. */
  readonly whatIf?: readonly string[];
  readonly trouble?: 'crash' | 'hang' | 'silence' | 'nonsense' | 'flood' | 'outside' | Extract<FromWorker, { type: 'failed' }>;
}

const facts: WorkerFacts = {
  toolchain: [{ name: 'go', version: 'go1.23.5', host: 'linux/amd64', digest: `h1:${'A'.repeat(43)}=` }],
  sandbox: { executor: 'bubblewrap', version: '0.8.0', network: 'none', limits: 'rlimit' },
};

const plan = JSON.parse(process.env['FAKE_WORKER'] ?? '{}') as FakePlan;
const say = (message: FromWorker): void => void process.stdout.write(formatLine(message));
let workDir = '';
let publishedText = '';

function stumble(step: FakePlan['step']): boolean {
  if (plan.step !== step || plan.trouble === undefined) return false;
  if (plan.onlyForOthers === true && [0, 1000].includes(process.getuid!())) return false;
  const { trouble } = plan;
  if (trouble === 'crash') process.exit(3);
  if (trouble === 'nonsense') process.stdout.write('{"type":"key","please":true}\n');
  if (trouble === 'flood') process.stdout.write('x'.repeat(20 * 1024 * 1024));
  if (trouble === 'hang') setInterval(() => say({ type: 'beat' }), 50);
  if (trouble === 'outside')
    say(step === 'build' ? { type: 'built', path: '/etc/passwd', log: null, facts, notes: [] } : { type: 'received', path: '/etc/passwd' });
  if (typeof trouble === 'object') say(trouble);
  return true;
}

async function handle(line: string): Promise<void> {
  const message = parseLine(toWorker, line);
  if (message.type === 'start') {
    if (!stumble('hello')) say({ type: 'hello', uid: process.getuid!() });
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, plan.delayMs ?? 0));
  while (plan.waitsFor !== undefined && !existsSync(plan.waitsFor)) await new Promise((resolve) => setTimeout(resolve, 20));
  if (message.type === 'receive') {
    ({ workDir } = message);
    if (message.artifact === null || stumble('receive')) return;
    const path = join(workDir, 'received');
    publishedText = (plan.published ?? 'content of %').replace('%', message.artifact.name);
    writeFileSync(path, publishedText);
    say({ type: 'received', path });
    return;
  }
  if ((message.type === 'again' || message.type === 'explain') && stumble(message.type)) return;
  if (message.type === 'explain') {
    const path = join(workDir, 'difference');
    const proved = message.own.some(({ settings }) => settings.length > 0);
    writeFileSync(path, `{"schemaVersion":1,"own":${JSON.stringify(message.own.map(({ settings }) => settings))}}\n`);
    return say({ type: 'explained', path, class: proved ? 'explained' : 'unexplained', whatIf: [...(plan.whatIf ?? [])] });
  }
  if (message.type === 'again' || message.type === 'what-if') {
    const path = join(workDir, `output-${message.number}`);
    const proving = message.type === 'what-if';
    // The real one must not find the published file any more.
    const gone = !existsSync(join(workDir, 'received'));
    writeFileSync(path, proving && gone ? publishedText : (plan.built ?? 'content'));
    return say({ type: 'built-again', path, varied: proving ? [] : ['path'], kept: [] });
  }
  if (stumble('build')) return;
  const path = join(workDir, 'output');
  const log = join(workDir, 'log');
  writeFileSync(path, (plan.built ?? 'content of %').replace('%', message.artifact));
  writeFileSync(log, `built ${message.artifact}\n`);
  say({ type: 'built', path, log, facts, notes: [] });
}

process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0));
const splitter = new LineSplitter();
process.stdin.on('data', (chunk: Uint8Array) => {
  for (const line of splitter.push(chunk)) void handle(line);
});
