import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameDecoder, MAX_CLIENT_FRAME_BYTES } from '../../../../src-control/framing.ts';
import {
  MAX_QUEUED_BYTES,
  MAX_REQUESTS_IN_FLIGHT,
  ServerSession,
  type CutOffReason,
} from '../../../../src-control/server-session.ts';
import { boxContract, daemonContract, type MethodSchema } from '../../../../src-shared/control/contract.ts';
import { CONTROL_VERSION } from '../../../../src-shared/control/envelope.ts';
import { controlError } from '../../../../src-shared/control/error.ts';
import { Hostile } from '../../engine/fuzz/inputs.ts';

/** Inputs per test; a night's run takes millions. */
const INPUTS = Number(process.env['BOWLINE_FUZZ_INPUTS'] ?? 4_000);
const SEED = Number(process.env['BOWLINE_FUZZ_SEED'] ?? 1);
const TIMEOUT_MS = 30_000 + INPUTS;
const METHODS: Readonly<Record<string, MethodSchema>> = { ...daemonContract.methods, ...boxContract.methods };

describe(`${INPUTS} hostile inputs (seed ${SEED}) on a control socket`, { timeout: TIMEOUT_MS }, () => {
  test('never make a decoder throw, keep more than one frame, or lose an honest message before them', () => {
    const hostile = new Hostile(SEED);
    for (let i = 0; i < INPUTS; i++) {
      const decoder = new FrameDecoder(MAX_CLIENT_FRAME_BYTES);
      const honest = { id: i };
      const stream = Buffer.concat([encodeFrame(honest), chunkOf(hostile)]);
      const cut = hostile.below(stream.length + 1);
      const first = decoder.push(stream.subarray(0, cut));
      const second = decoder.push(stream.subarray(cut));
      const messages = [...first.messages, ...second.messages];
      const isSound =
        JSON.stringify(messages[0]) === JSON.stringify(honest) &&
        !(first.fault !== null && second.messages.length > 0);
      if (!isSound) expect.fail(`input ${i}: ${stream.toString('hex')} cut at ${cut}`);
    }
  });

  test('never make a session throw, answer more than it may, or go on after its end', async () => {
    const hostile = new Hostile(SEED + 1);
    const reasons = new Map<CutOffReason, number>();
    let handled = 0;
    let answered = 0;
    for (let i = 0; i < INPUTS;) {
      const client = connect(hostile, reasons);
      for (let chunks = 1 + hostile.below(12); chunks > 0 && i < INPUTS; chunks--, i++) {
        client.session.onData(chunkOf(hostile));
        if (hostile.below(4) === 0) client.answerOne();
        // Answers are given in a turn of their own.
        await Promise.resolve();
        if (hostile.below(8) === 0) client.session.publish('status.changed', { i });
        if (hostile.below(8) === 0) client.drain();
        const complaint = client.complaint();
        if (complaint !== null) expect.fail(`input ${i}: ${complaint}`);
      }
      handled += client.handled;
      answered += client.answered;
      client.session.onClosed();
    }
    expect(handled, 'some were requests').toBeGreaterThan(0);
    expect(answered, 'some were answered').toBeGreaterThan(0);
    expect([...reasons.keys()]).toEqual(
      expect.arrayContaining(['bad-hello', 'bad-message', 'frame-too-long', 'frame-not-json', 'frame-empty']),
    );
  });

  test('never pass the contract with parameters that a handler could stumble over', () => {
    const hostile = new Hostile(SEED + 2);
    const names = Object.keys(METHODS);
    let passed = 0;
    for (let i = 0; i < INPUTS; i++) {
      const method = hostile.pick(names);
      const outcome = METHODS[method]!.params.safeParse(JSON.parse(JSON.stringify(paramsOf(hostile))));
      if (!outcome.success) continue;
      passed++;
      const { data } = outcome;
      const isPlain = typeof data === 'object' && Object.getPrototypeOf(data) === Object.prototype;
      const text = JSON.stringify(data);
      if (!isPlain || text.length > 512 || /__proto__|constructor/.test(text)) {
        expect.fail(`input ${i}: ${method} takes ${text.slice(0, 200)}`);
      }
    }
    expect(passed, 'some were well-formed').toBeGreaterThan(0);
  });

  test('as deep as a message may be are read without a stack that overflows', () => {
    const reasons = new Map<CutOffReason, number>();
    const client = connect(new Hostile(SEED), reasons, true);
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const depth = Math.floor((MAX_CLIENT_FRAME_BYTES - 100) / (open.length + close.length));
      const params = `${open.repeat(depth)}0${close.repeat(depth)}`;
      client.session.onData(frameOf(`{"type":"request","id":1,"method":"mode.set","params":${params}}`));
      const isTaken = METHODS['mode.set']!.params.safeParse(JSON.parse(params)).success;
      expect(isTaken).toBe(false);
    }
    expect([client.complaint(), [...reasons.keys()], client.handled]).toEqual([null, [], 2]);
  });
});

const HELLO = { type: 'hello', contract: 'daemon', control: CONTROL_VERSION, program: 'x' };

/** A session whose client reads when it likes, and whose handlers answer when they are told to. */
function connect(hostile: Hostile, reasons: Map<CutOffReason, number>, isWelcome = false) {
  const waiting: (() => void)[] = [];
  const state = { queued: 0, isEnded: false, afterEnd: 0, mostWaiting: 0 };
  const client = { handled: 0, answered: 0 };
  const session = new ServerSession(
    {
      write: (bytes) => {
        if (state.isEnded) state.afterEnd++;
        state.queued += bytes.length;
        client.answered++;
        return state.queued < 16_384;
      },
      queuedBytes: () => state.queued,
      pause: () => undefined,
      resume: () => undefined,
      end: () => void (state.isEnded = true),
      destroy: () => void (state.isEnded = true),
    },
    {
      contractName: 'daemon',
      programVersion: '1',
      refusal: !isWelcome && hostile.below(20) === 0 ? controlError('NOT_PERMITTED', 'no') : null,
      mayCall: () => (!isWelcome && hostile.below(10) === 0 ? controlError('NOT_PERMITTED', 'no') : null),
      handle: () => {
        client.handled++;
        return new Promise((resolve) => {
          waiting.push(() => resolve({ ok: true, result: { text: 'x'.repeat(hostile.below(3_000)) } }));
          state.mostWaiting = Math.max(state.mostWaiting, waiting.length);
        });
      },
      eventOf: (method) => (method === 'status.subscribe' ? 'status.changed' : null),
      snapshot: () => ({ big: 'y'.repeat(hostile.below(20_000)) }),
      onCutOff: (reason) => void reasons.set(reason, (reasons.get(reason) ?? 0) + 1),
    },
  );
  if (isWelcome || hostile.below(8) !== 0) session.onData(encodeFrame(HELLO));
  return Object.assign(client, {
    session,
    answerOne: (): void => waiting.shift()?.(),
    drain: (): void => {
      state.queued = 0;
      session.onDrain();
    },
    complaint: (): string | null => {
      if (state.afterEnd > 0) return 'bytes after the end';
      if (state.queued > MAX_QUEUED_BYTES) return `${state.queued} bytes queued`;
      if (state.mostWaiting > MAX_REQUESTS_IN_FLIGHT) return `${state.mostWaiting} requests at once`;
      return null;
    },
  });
}

/** What a hostile client writes at once. */
function chunkOf(hostile: Hostile): Buffer {
  const frames: Buffer[] = [];
  for (let count = 1 + hostile.below(3); count > 0; count--) frames.push(frameFrom(hostile));
  const whole = Buffer.concat(frames);
  return hostile.below(4) === 0 ? whole.subarray(0, hostile.below(whole.length + 1)) : whole;
}

function frameFrom(hostile: Hostile): Buffer {
  switch (hostile.below(16)) {
    case 0: {
      const noise = Buffer.alloc(hostile.below(64));
      hostile.fill(noise, 0, noise.length);
      return noise;
    }
    case 1: {
      const head = Buffer.alloc(4 + hostile.below(8));
      head.writeUInt32BE(
        hostile.pick([0, 1, MAX_CLIENT_FRAME_BYTES, MAX_CLIENT_FRAME_BYTES + 1, 0xffffffff]),
      );
      return head;
    }
    case 2:
      return Buffer.from(hostile.damage(encodeFrame(requestOf(hostile))));
    case 3:
      return frameOf(
        hostile.pick(['{', '[[[[', '"', 'nul', '{"a":1}}', '\u0000', '{"type":"request"', '-', '1e999']),
      );
    case 4:
      return encodeFrame(HELLO);
    case 5:
      return encodeFrame(valueOf(hostile, 3));
    case 6:
      return Buffer.alloc(4);
    default:
      return encodeFrame(requestOf(hostile));
  }
}

function frameOf(text: string): Buffer {
  const body = Buffer.from(text, 'utf8');
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

function requestOf(hostile: Hostile): unknown {
  const isOdd = hostile.below(8) === 0;
  return {
    type: isOdd ? hostile.pick(['hello', 'response', 'event', 'REQUEST', 7, null]) : 'request',
    id: isOdd ? hostile.pick([-1, 1.5, 2 ** 60, '1', null]) : hostile.word(),
    method: hostile.pick([
      ...Object.keys(METHODS),
      'toString',
      '__proto__',
      'constructor',
      '',
      'x'.repeat(hostile.below(80)),
    ]),
    params: paramsOf(hostile),
  };
}

const KEYS = [
  'wanted',
  'now',
  'mode',
  'name',
  'priority',
  'link',
  'kind',
  'fix',
  'limit',
  'since',
  'constructor',
  'toString',
];

function paramsOf(hostile: Hostile): unknown {
  if (hostile.below(6) === 0) return valueOf(hostile, 2);
  const params: Record<string, unknown> = {};
  for (let count = hostile.below(4); count > 0; count--) params[hostile.pick(KEYS)] = valueOf(hostile, 1);
  return params;
}

function valueOf(hostile: Hostile, depth: number): unknown {
  const leaf = hostile.below(depth > 0 ? 12 : 10);
  switch (leaf) {
    case 0:
      return null;
    case 1:
      return hostile.below(2) === 0;
    case 2:
      return hostile.word() * hostile.pick([1, -1, 0.1, 2 ** 40]);
    case 3:
      return 'é\u0000"\\'.repeat(hostile.below(20));
    case 4:
      return hostile.pick(['seamless', 'bonded', 'auto', 'never', 'carrier', 'silent']);
    case 5:
      return hostile.pick(['eth0', '../eth0', 'a'.repeat(16), 'wlan0%', '']);
    case 6:
      return true;
    case 7:
      return [];
    case 8:
      return {};
    case 9:
      return JSON.parse('{"__proto__":{"wanted":true}}') as unknown;
    case 10:
      return Array.from({ length: hostile.below(6) }, () => valueOf(hostile, depth - 1));
    default:
      return { [hostile.pick(KEYS)]: valueOf(hostile, depth - 1), more: valueOf(hostile, depth - 1) };
  }
}
