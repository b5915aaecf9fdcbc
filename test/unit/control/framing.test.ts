import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder, MAX_FRAME_BYTES } from '../../../src-control/framing.ts';

describe('framing', () => {
  it('gives back every message, however the stream is cut', () => {
    const messages = [{ a: 1 }, 'grüß', [1, 2, 3], null, { deep: { list: ['x'.repeat(5000)] } }];
    const stream = Buffer.concat(messages.map(encodeFrame));
    for (const size of [1, 2, 3, 4, 5, 7, 64, 4096, stream.length]) {
      const decoder = new FrameDecoder();
      const received: unknown[] = [];
      for (let at = 0; at < stream.length; at += size) {
        const { messages: some, fault } = decoder.push(stream.subarray(at, at + size));
        expect(fault, `chunks of ${size}`).toBeNull();
        received.push(...some);
      }
      expect(received, `chunks of ${size}`).toEqual(messages);
      expect(decoder.isMidFrame).toBe(false);
    }
  });

  it('refuses a frame that claims more than the limit before any of it arrives', () => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(MAX_FRAME_BYTES + 1);
    expect(new FrameDecoder().push(header)).toEqual({ messages: [], fault: 'frame-too-long' });
  });

  it('delivers what came before garbage and nothing after it', () => {
    const decoder = new FrameDecoder();
    const garbage = Buffer.from([0, 0, 0, 3, 0x7b, 0x7b, 0x7b]);
    expect(
      decoder.push(Buffer.concat([encodeFrame({ good: true }), garbage, encodeFrame({ late: true })])),
    ).toEqual({
      messages: [{ good: true }],
      fault: 'frame-not-json',
    });
    expect(decoder.push(encodeFrame({ later: true }))).toEqual({ messages: [], fault: null });
  });

  it('refuses an empty frame', () => {
    expect(new FrameDecoder().push(Buffer.alloc(4)).fault).toBe('frame-empty');
  });

  it('survives random bytes', () => {
    let seed = 0x1234567;
    const next = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16;
    for (let round = 0; round < 2000; round += 1) {
      const decoder = new FrameDecoder();
      for (let chunk = 0; chunk < 4; chunk += 1) {
        const bytes = Buffer.from(
          Array.from({ length: next() % 40 }, () => (next() % 3 === 0 ? 0 : next() & 0xff)),
        );
        expect(() => decoder.push(bytes), `seed 0x1234567, round ${round}`).not.toThrow();
      }
    }
  });

  it('will not encode what the other end would refuse', () => {
    expect(() => encodeFrame('x'.repeat(MAX_FRAME_BYTES))).toThrow(RangeError);
  });
});
