import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeFrame, FrameDecoder, MAX_CLIENT_FRAME_BYTES } from '../../../src-control/framing.ts';
import {
  FRAME_TIMEOUT_MS,
  HELLO_TIMEOUT_MS,
  MAX_REQUESTS_IN_FLIGHT,
  MAX_REQUESTS_PER_SECOND,
  ServerSession,
  STALL_TIMEOUT_MS,
  type CutOffReason,
  type SessionHost,
} from '../../../src-control/server-session.ts';
import { CONTROL_VERSION, type ResponseOutcome } from '../../../src-shared/control/envelope.ts';
import { controlError } from '../../../src-shared/control/error.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a control server session', () => {
  it('answers the hello and then requests', async () => {
    const client = connect();
    client.say(hello(), { type: 'request', id: 7, method: 'echo', params: { a: 1 } });
    await settled();
    expect(client.heard()).toEqual([
      { type: 'hello', contract: 'test', control: CONTROL_VERSION, program: '1.0' },
      { type: 'response', id: 7, outcome: { ok: true, result: { method: 'echo', params: { a: 1 } } } },
    ]);
  });

  it('cuts off a client that says nothing', () => {
    const client = connect();
    vi.advanceTimersByTime(HELLO_TIMEOUT_MS);
    expect(client.fate()).toEqual({ ended: 'destroyed', reasons: ['no-hello'] });
  });

  it('cuts off a client that drips a frame, however steadily', () => {
    const client = connect();
    client.say(hello());
    const frame = encodeFrame({ type: 'request', id: 1, method: 'echo', params: 'x'.repeat(1000) });
    for (let at = 0; at * 100 < FRAME_TIMEOUT_MS; at += 1) {
      client.sendBytes(frame.subarray(at, at + 1));
      vi.advanceTimersByTime(100);
    }
    expect(client.fate()).toEqual({ ended: 'destroyed', reasons: ['stalled-mid-frame'] });
  });

  it('lets a client be silent between frames for as long as it likes', () => {
    const client = connect();
    client.say(hello());
    vi.advanceTimersByTime(3_600_000);
    expect(client.fate()).toEqual({ ended: null, reasons: [] });
  });

  it('refuses another version by name and another contract by hint', () => {
    const older = connect();
    older.say({ ...hello(), control: CONTROL_VERSION + 1 });
    expect(older.heard()).toMatchObject([{ type: 'refused', error: { code: 'VERSION_MISMATCH' } }]);
    const lost = connect();
    lost.say({ ...hello(), contract: 'box' });
    expect(lost.heard()).toMatchObject([{ type: 'refused', error: { code: 'BAD_MESSAGE' } }]);
    expect(lost.fate().ended).toBe('ended');
  });

  it('refuses requests before a hello and garbage after it', () => {
    const hasty = connect();
    hasty.say({ type: 'request', id: 1, method: 'echo', params: {} });
    expect(hasty.fate()).toEqual({ ended: 'ended', reasons: ['bad-hello'] });
    const odd = connect();
    odd.say(hello(), { type: 'request', id: -1, method: 'echo' });
    expect(odd.fate()).toEqual({ ended: 'ended', reasons: ['bad-message'] });
  });

  it('tells an unwelcome client why, in answer to its hello', () => {
    const client = connect({ refusal: controlError('NOT_PERMITTED', 'no') });
    client.say(hello());
    expect(client.heard()).toEqual([{ type: 'refused', error: { code: 'NOT_PERMITTED', message: 'no' } }]);
    expect(client.fate().ended).toBe('ended');
  });

  it('sends the snapshot right after the answer to a subscription, then changes', () => {
    const client = connect();
    client.say(hello());
    client.session.publish('changed', { too: 'early' });
    client.say({ type: 'request', id: 1, method: 'subscribe', params: {} });
    client.session.publish('changed', { version: 2 });
    expect(client.heard().slice(1)).toEqual([
      { type: 'response', id: 1, outcome: { ok: true, result: {} } },
      { type: 'event', event: 'changed', payload: { version: 1 } },
      { type: 'event', event: 'changed', payload: { version: 2 } },
    ]);
  });

  it('gives a slow reader only the newest snapshot once it reads again', () => {
    const client = connect();
    client.say(hello(), { type: 'request', id: 1, method: 'subscribe', params: {} });
    client.state.isReading = false;
    for (let version = 10; version < 20; version += 1) client.session.publish('changed', { version });
    client.state.isReading = true;
    client.session.onDrain();
    expect(client.heard().slice(3)).toEqual([
      { type: 'event', event: 'changed', payload: { version: 10 } },
      { type: 'event', event: 'changed', payload: { version: 19 } },
    ]);
    expect(client.state.isPaused).toBe(false);
  });

  it('takes no requests from, and at last cuts off, a client that does not read', () => {
    const client = connect();
    client.say(hello());
    client.state.isReading = false;
    client.say({ type: 'request', id: 1, method: 'subscribe', params: {} });
    expect(client.state.isPaused).toBe(true);
    vi.advanceTimersByTime(STALL_TIMEOUT_MS);
    expect(client.fate()).toEqual({ ended: 'destroyed', reasons: ['does-not-read'] });
  });

  it('cuts off a client whose queue outgrows its bound', async () => {
    const client = connect({ handle: () => Promise.resolve({ ok: true, result: 'x'.repeat(1_000_000) }) });
    client.say(hello());
    client.state.isReading = false;
    for (let id = 0; id < 3; id += 1) client.say({ type: 'request', id, method: 'echo', params: {} });
    await settled();
    expect(client.fate()).toEqual({ ended: 'destroyed', reasons: ['queue-full'] });
  });

  it('tells a client with too many open requests to wait', () => {
    const client = connect({ handle: () => new Promise<ResponseOutcome>(() => undefined) });
    client.say(hello());
    for (let id = 0; id <= MAX_REQUESTS_IN_FLIGHT; id += 1) {
      client.say({ type: 'request', id, method: 'echo', params: {} });
    }
    expect(client.heard().slice(1)).toMatchObject([
      { id: MAX_REQUESTS_IN_FLIGHT, outcome: { ok: false, error: { code: 'BUSY' } } },
    ]);
  });

  it('cuts off a client that asks without end, and tells it why', async () => {
    const client = connect();
    client.say(hello());
    for (let id = 0; id < MAX_REQUESTS_PER_SECOND; id += 1) {
      client.say({ type: 'request', id, method: 'echo', params: {} });
      await settled();
    }
    expect(client.fate(), 'as many as are allowed').toEqual({ ended: null, reasons: [] });
    vi.advanceTimersByTime(1_000);
    for (let id = 0; id <= MAX_REQUESTS_PER_SECOND; id += 1) {
      client.say({ type: 'request', id, method: 'echo', params: {} });
      await settled();
    }
    expect(client.fate()).toEqual({ ended: 'ended', reasons: ['too-many-requests'] });
    expect(client.heard().at(-1)).toMatchObject({ type: 'refused', error: { code: 'BUSY' } });
  });

  it('cuts off a client whose message is longer than any request, before it is read', () => {
    const client = connect();
    client.say(hello());
    const head = Buffer.alloc(4);
    head.writeUInt32BE(MAX_CLIENT_FRAME_BYTES + 1);
    client.sendBytes(head);
    expect(client.fate()).toEqual({ ended: 'ended', reasons: ['frame-too-long'] });
  });

  it('answers INTERNAL where a result is longer than a message may be', async () => {
    const client = connect({ handle: () => Promise.resolve({ ok: true, result: 'x'.repeat(2_000_000) }) });
    client.say(hello(), { type: 'request', id: 1, method: 'echo', params: {} });
    await settled();
    expect(client.heard().slice(1)).toMatchObject([
      { id: 1, outcome: { ok: false, error: { code: 'INTERNAL' } } },
    ]);
  });
});

function connect(overrides: Partial<SessionHost> = {}) {
  const written: Buffer[] = [];
  const reasons: CutOffReason[] = [];
  const state = {
    isReading: true,
    isPaused: false,
    ended: null as 'ended' | 'destroyed' | null,
    queuedBytes: 0,
  };
  const session = new ServerSession(
    {
      write: (bytes) => {
        written.push(bytes);
        state.queuedBytes = state.isReading ? 0 : state.queuedBytes + bytes.length;
        return state.isReading;
      },
      queuedBytes: () => state.queuedBytes,
      pause: () => void (state.isPaused = true),
      resume: () => void (state.isPaused = false),
      end: () => void (state.ended = 'ended'),
      destroy: () => void (state.ended = 'destroyed'),
    },
    {
      contractName: 'test',
      programVersion: '1.0',
      refusal: null,
      mayCall: () => null,
      handle: (method, params) => Promise.resolve({ ok: true, result: { method, params } }),
      eventOf: (method) => (method === 'subscribe' ? 'changed' : null),
      snapshot: () => ({ version: 1 }),
      onCutOff: (reason) => void reasons.push(reason),
      ...overrides,
    },
  );
  return {
    session,
    state,
    say: (...messages: unknown[]): void => session.onData(Buffer.concat(messages.map(encodeFrame))),
    sendBytes: (bytes: Buffer): void => session.onData(bytes),
    heard: (): readonly unknown[] => written.flatMap((frame) => new FrameDecoder().push(frame).messages),
    fate: () => ({ ended: state.ended, reasons }),
  };
}

function hello() {
  return { type: 'hello', contract: 'test', control: CONTROL_VERSION, program: '0.9' };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
}
