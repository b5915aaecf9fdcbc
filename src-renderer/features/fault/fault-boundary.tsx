import { Component, type ReactNode } from 'react';
import { FaultPage } from './fault-page.tsx';

interface State {
  /** What was thrown; null while all is well. */
  readonly fault: { readonly error: unknown } | null;
}

/** Shows a page of its own where the window met an error of ours: without it, nothing would be left of the window. */
export class FaultBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { fault: null };

  static getDerivedStateFromError(error: unknown): State {
    return { fault: { error } };
  }

  override render(): ReactNode {
    const { fault } = this.state;
    return fault === null ? this.props.children : <FaultPage error={fault.error} />;
  }
}
