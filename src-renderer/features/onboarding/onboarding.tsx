import { useEffect, useRef, useState, type JSX } from 'react';
import type { Status } from '../../../src-shared/model/status.ts';
import { Icon } from '../../components/icon.tsx';
import { viewAddress } from '../../view.ts';
import { useWords } from '../../window-context.ts';
import { ServiceProblem } from '../service/service-problem.tsx';
import { CodeStep } from './code-step.tsx';
import { FindStep } from './find-step.tsx';
import styles from './onboarding.module.css';
import { currentStep, STEPS, type ChosenBox, type Step } from './steps.ts';
import { TryStep } from './try-step.tsx';

/** From nothing to protected, one verified step after the other. */
export function Onboarding({ status }: { readonly status: Status }): JSX.Element {
  const { t } = useWords();
  const [chosen, setChosen] = useState<ChosenBox | null>(null);
  const step = currentStep(status, { chosen });
  // Setting up stays open when the box is there, until the user has seen the proof.
  useEffect(() => {
    if (location.hash !== viewAddress('setup')) location.replace(viewAddress('setup'));
  }, []);
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <span className={styles['sign']}>
          <Icon name="knot" />
        </span>
        <span className={styles['product']}>{t.productName}</span>
        <a className={styles['skip']} href={viewAddress('settings')}>
          {t.skip}
        </a>
      </header>
      <main className={styles['body']}>
        <StepList step={step} />
        <StepHeading step={step} />
        {step === 'service' || step === 'permission' ? (
          status.state === 'unreachable' && <ServiceProblem reason={status.reason} />
        ) : step === 'find' ? (
          <FindStep onChoose={setChosen} />
        ) : step === 'code' && chosen !== null ? (
          <CodeStep box={chosen} onBack={() => setChosen(null)} />
        ) : (
          status.state !== 'unreachable' && <TryStep status={status} />
        )}
      </main>
    </div>
  );
}

function StepList({ step }: { readonly step: Step }): JSX.Element {
  const { t } = useWords();
  const present = STEPS.indexOf(step);
  return (
    <ol className={styles['steps']} aria-label={t.setup}>
      {STEPS.map((name, index) => (
        <li
          key={name}
          className={styles['step']}
          data-place={index < present ? 'done' : index === present ? 'now' : 'later'}
          aria-current={index === present ? 'step' : undefined}
        >
          <span className={styles['dot']}>{index < present ? <Icon name="check" /> : index + 1}</span>
          <span className={styles['stepName']}>
            {t.steps[name]}
            {index < present && <span className="visually-hidden"> ({t.stepDone})</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** Gets the focus with each new step, so that a reader of the screen hears where it is. */
function StepHeading({ step }: { readonly step: Step }): JSX.Element {
  const { t } = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [step]);
  return (
    <div>
      <p className={styles['place']}>{t.stepOf(STEPS.indexOf(step) + 1, STEPS.length)}</p>
      <h1 ref={heading} tabIndex={-1} className={styles['title']}>
        {step === 'try' ? t.tryTitle : t.steps[step]}
      </h1>
    </div>
  );
}
