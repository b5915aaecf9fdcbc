// What jsdom lacks and the window's parts ask for, as soon as they are loaded.

class NoObserver {
  observe(): void {
    // Nothing has a size in jsdom.
  }
  unobserve(): void {
    // The same.
  }
  disconnect(): void {
    // The same.
  }
}
Object.assign(globalThis, { ResizeObserver: NoObserver });
/** Everything is in view. */
class ViewObserver extends NoObserver {
  readonly #tell: (entries: readonly { readonly isIntersecting: boolean }[]) => void;
  constructor(tell: (entries: readonly { readonly isIntersecting: boolean }[]) => void) {
    super();
    this.#tell = tell;
  }
  override observe(): void {
    this.#tell([{ isIntersecting: true }]);
  }
}
Object.assign(globalThis, { IntersectionObserver: ViewObserver });
Object.assign(globalThis, {
  matchMedia: () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }),
});
Object.assign(Element.prototype, {
  scrollIntoView: () => undefined,
  hasPointerCapture: () => false,
});
Object.assign(HTMLDialogElement.prototype, {
  showModal(this: HTMLDialogElement) {
    this.open = true;
  },
  close(this: HTMLDialogElement) {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  },
});
