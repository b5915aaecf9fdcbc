import type { NativeApi } from '../src-platform/native.ts';
import { DEFAULT_MEMORY_PLAN, EngineMemory } from '../src-engine/memory.ts';
import type { DatagramAead } from '../src-engine/ports.ts';

/** Makes this process's arena and divides it for the engine. Call once. */
export function createTunnelMemory(native: Pick<NativeApi, 'createArena'>): EngineMemory {
  return new EngineMemory(
    native.createArena(EngineMemory.bytesFor(DEFAULT_MEMORY_PLAN)),
    DEFAULT_MEMORY_PLAN,
  );
}

/** The addon's AEAD in the shape that the engine asks for. */
export function nativeAead(
  native: Pick<NativeApi, 'keyAdd' | 'keyDrop' | 'seal' | 'open' | 'hasAesHardware'>,
): DatagramAead {
  return {
    hasAesHardware: native.hasAesHardware(),
    keyAdd: native.keyAdd,
    keyDrop: native.keyDrop,
    seal: native.seal,
    open: native.open,
  };
}
