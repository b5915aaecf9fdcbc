import { useEffect, useState, type JSX } from 'react';
import { useWords } from '../window-context.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

/** How long the button says that it has copied. */
const COPIED_MS = 2_000;

/** Puts a text on the clipboard and says so. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: string }): JSX.Element {
  const { t } = useWords();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <Button onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}>
      <Icon name={isCopied ? 'check' : 'copy'} />
      <span aria-live="polite">{isCopied ? t.copied : label}</span>
    </Button>
  );
}
