import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';
import React from 'react';

import { Api } from '../api';
import { jobsIcon } from '../icon';
import { addMainView, MainView, NO_ARGUMENTS } from '../mainView';
import { openPage } from '../page';
import { IPlace } from '../place';
import { Polled } from '../polled';
import { anyRuns, tasksOf } from '../tasks';
import { OutputDrive } from './drive';
import { type IAsked, type IJobsActions, JobsView } from './view';
import type { IAttempt, IJobs, IJobsAnswer } from './wire';

export const OPEN_JOBS = 'mlops:open-jobs';
const RUN_AS_JOB = 'mlops:run-as-job';

/** Jobs: run and schedule notebooks, watch them, read what they left. */
export const jobsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlops-nb:jobs',
  description: 'Run and schedule notebooks as jobs, and watch them.',
  autoStart: true,
  requires: [IDocumentManager, IPlace],
  optional: [ICommandPalette, ILayoutRestorer, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    documents: IDocumentManager,
    place: IPlace,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null
  ): void => {
    const api = new Api(app.serviceManager.serverSettings);
    const { contents, serverSettings } = app.serviceManager;
    contents.addDrive(new OutputDrive(api, serverSettings));
    let asked: IAsked | null = null;
    let model: Polled<IJobsAnswer> | null = null;
    const ask = (now: IAsked | null): void => {
      asked = now;
      model?.redraw();
    };
    const make = (): MainView => {
      const polled = pollJobs(api, place);
      model = polled;
      return new MainView({
        id: 'mlops-nb-jobs',
        title: 'Jobs',
        icon: jobsIcon,
        watched: polled,
        draw: () => (
          <JobsView api={api} model={polled} asked={asked} onAsk={ask} actions={actions(app, documents, place)} />
        )
      });
    };
    addMainView(
      app,
      {
        command: OPEN_JOBS,
        label: 'MLOps: Open Jobs',
        caption: 'Run, schedule and watch the jobs of this project',
        icon: jobsIcon,
        make
      },
      palette,
      restorer
    );
    app.commands.addCommand(RUN_AS_JOB, {
      label: 'Run Notebook as Job…',
      caption: 'Run this notebook unattended, now or by a schedule',
      icon: jobsIcon,
      describedBy: NO_ARGUMENTS,
      isEnabled: () => notebooks?.currentWidget != null,
      execute: async () => {
        const context = notebooks?.currentWidget?.context;
        if (context === undefined) {
          return;
        }
        if (context.model.dirty) {
          await context.save(); // the job runs what is on the disk
        }
        ask({ path: contents.localPath(context.path), job: '' });
        await app.commands.execute(OPEN_JOBS);
      }
    });
    palette?.addItem({ command: RUN_AS_JOB, category: 'MLOps' });
  }
};

function pollJobs(api: Api, place: IPlace): Polled<IJobsAnswer> {
  return new Polled<IJobsAnswer>({
    name: 'jobs',
    api,
    place,
    ask: async path => {
      const [jobs, tasks] = await Promise.all([
        api.get<IJobs>('jobs', { path }),
        tasksOf(api, path)
      ]);
      return { ...jobs, tasks };
    },
    isBusy: answer => anyRuns(answer.tasks) || answer.attempts.some(one => one.ended === null)
  });
}

function actions(
  app: JupyterFrontEnd,
  documents: IDocumentManager,
  place: IPlace
): IJobsActions {
  return {
    openNotebook: path => void documents.openOrReveal(path),
    // With a kernel, as any notebook: without one the widgets in it fail to be drawn.
    openOutput: attempt => void documents.openOrReveal(OutputDrive.pathOf(attempt, place.path)),
    openReport: attempt => openReport(app, place.path, attempt)
  };
}

/** Show the report of an attempt in the main area. */
export function openReport(
  app: JupyterFrontEnd,
  path: string,
  attempt: Pick<IAttempt, 'attempt' | 'job'>
): void {
  openPage(app, {
    id: `mlops-nb-report-${attempt.attempt}`,
    title: `Report of ${attempt.job}`,
    icon: jobsIcon,
    noun: 'jobs/report',
    query: { path, attempt: attempt.attempt }
  });
}
