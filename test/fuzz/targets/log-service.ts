/** The log's own doors: what people and programs ask it, and what witnesses answer it. */
import { signStatement } from '@verbatim/statements';
import { anEnrolment, anObservation, aRelease, InMemoryLog, TEST_TIME, testSigner, testVkey } from '@verbatim/testkit';
import { KEY_TYPE_COSIGNATURE, parseNote, parseVkey, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { ORIGIN, REGISTRAR, startLog, type TestLog } from '../../../services/log/src/_log.ts';
import { interpretAnswer } from '../../../services/log/src/witness/answer.ts';
import { readCosignatures } from '../../../services/log/src/witness/cosignatures.ts';
import { answers, ascii } from '../http.ts';
import { must, type Target } from '../target.ts';

let running: Promise<TestLog> | undefined;

async function startSmallLog(): Promise<TestLog> {
  const log = await startLog({ toml: 'quorum = "none"\n[limits]\nmin_free_bytes = 0\n' });
  await log.scene();
  return log;
}

const release = aRelease();
const entry = Buffer.from(signStatement(release, [REGISTRAR])).toString('latin1');
const observation = anObservation({ origin: ORIGIN, release, index: 4, leafHash: new Uint8Array(32), rebuilder: testSigner('acme-1') });
const observed = Buffer.from(signStatement(observation, [testSigner('acme-1')])).toString('latin1');
const enrolment = Buffer.from(signStatement(anEnrolment(REGISTRAR, { role: 'registrar' }), [testSigner('test-admin')])).toString('latin1');
const JSON_TYPE = 'content-type: application/json';
const logReads = [
  ascii('GET /entries/1/status', '', ''),
  ascii('GET /entries/1/proof', '', ''),
  ascii('GET /entries/1', 'accept: text/html', '', ''),
  ascii('GET /', '', ''),
  ascii('GET /checkpoint', '', ''),
  ascii('GET /status', '', ''),
  ascii('OPTIONS /entries', 'origin: https://example.org', '', ''),
  ascii('GET /health', '', ''),
];
/** Refused, or answered once the log is as large as that. */
const logRefusals = [
  ascii('GET /tile/entries/000.p/10', 'range: bytes=0-9', '', ''),
  ascii('GET /tile/0/000.p/10', 'accept-encoding: gzip', '', ''),
  ascii('GET /releases/8/feed.atom', 'if-none-match: "x"', '', ''),
  ascii('GET /releases/8', '', ''),
  ascii('POST /entries', JSON_TYPE, '', entry),
  ascii('POST /entries', JSON_TYPE, '', observed),
  ascii('POST /entries/batch', JSON_TYPE, '', JSON.stringify({ entries: [entry, enrolment] })),
  ascii(`GET /index?lookup=${'a'.repeat(64)}`, '', ''),
  ascii(`PUT /blobs/${'b'.repeat(64)}`, `x-verbatim-signature: ${'c'.repeat(64)} ${'A'.repeat(86)}==`, '', 'a blob'),
  ascii(`GET /blobs/${'b'.repeat(64)}`, '', ''),
];

const WITNESS = 'witness.example/w1';
const cosigned = new InMemoryLog({ witnesses: [testSigner(WITNESS)] }).checkpoint();
/** The last line of the note. */
const cosignature = utf8Decode(cosigned).split('\n').slice(-2).join('\n');
const target = { size: 0n, text: parseNote(cosigned).text, note: cosigned };

export const LOG_SERVICE: readonly Target[] = [
  {
    name: 'log-http',
    shape: 'text',
    seeds: logReads,
    others: logRefusals,
    runs: 500,
    async accepts(input) {
      const log = await (running ??= startSmallLog());
      const fine = await answers(log.url, input, () => false);
      must(log.fatal.length === 0, `the log stopped: ${String(log.fatal[0])}`);
      return fine;
    },
    async close() {
      await (await running)?.[Symbol.asyncDispose]();
      running = undefined;
    },
  },
  {
    name: 'log-witness-answer',
    shape: 'text',
    seeds: ['200 \n\u2014 w AAAA\n', '409 17\n', '422 other root\n', '503 5', '429 120'].map(utf8Encode),
    accepts(input) {
      const text = Buffer.from(input).toString('utf8');
      const [, status = '0', body = ''] = /^(\d{3}) ([^]*)$/.exec(text) ?? [];
      const answer = interpretAnswer({ status: Number(status), body, retryAfter: body }, body.length % 2 === 0);
      must(answer.kind !== 'at-size' || answer.size >= 0n, 'a negative size');
      must(answer.kind !== 'pushed-back' || (answer.seconds >= 1 && answer.seconds <= 3600), 'a pause without end');
      must(!('detail' in answer) || /^[\x20-\x7e]{0,500}$/.test(answer.detail), 'a line of a log that is not printable');
      return answer.kind !== 'refused';
    },
  },
  {
    name: 'log-witness-cosignatures',
    shape: 'text',
    seeds: [cosignature, `\u2014 other.example/w ${'A'.repeat(100)}\n${cosignature}`].map(utf8Encode),
    runs: 800,
    accepts(input) {
      const text = Buffer.from(input).toString('utf8');
      const asked = {
        witness: parseVkey(testVkey(WITNESS, KEY_TYPE_COSIGNATURE)),
        target,
        verify: verifyEd25519,
        now: () => Date.parse(TEST_TIME),
      };
      const read = readCosignatures(asked, text);
      if ('detail' in read) return false;
      must(read.timestamp === BigInt(Date.parse(TEST_TIME) / 1000) && text.includes(cosignature), 'another cosignature was believed');
      return true;
    },
  },
];
