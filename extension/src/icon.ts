import { LabIcon } from '@jupyterlab/ui-components';

/** Three runs, each further than the last. */
export const runsIcon = new LabIcon({
  name: 'mlops-nb:runs',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M3 4h2v14h16v2H3z"/>
    <path d="M7.3 15.7 6 14.2l4.2-4 3.2 2.6L18 7.6h-2.6V5.7H21v5.6h-1.9V9.1l-5.5 6.3-3.3-2.7z"/>
  </g>
</svg>`
});

/** A notebook that runs by the clock. */
export const jobsIcon = new LabIcon({
  name: 'mlops-nb:jobs',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M4 3h12v6h-2V5H6v14h4v2H4z"/>
    <path d="M16 11a5 5 0 1 0 0 10 5 5 0 0 0 0-10zm0 1.6a3.4 3.4 0 1 1 0 6.8 3.4 3.4 0 0 1 0-6.8z"/>
    <path d="M15.3 13.5h1.4v2.3l1.6 1-.8 1.2-2.2-1.4z"/>
  </g>
</svg>`
});

/** A pulse. */
export const modelsIcon = new LabIcon({
  name: 'mlops-nb:models',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M2 11h4.6l2.2-6h1.9l3.4 10.4L16 11h6v2h-4.7l-2.3 6h-1.9L9.8 9.2 8.300 13H2z"/>
</svg>`
});

/** A list whose points are ticked off. */
export const readinessIcon = new LabIcon({
  name: 'mlops-nb:readiness',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M11 5h10v2H11zM11 11h10v2H11zM11 17h10v2H11z"/>
    <path d="M5.2 8.6 2.4 5.8l1.2-1.2 1.6 1.6 3.2-3.2 1.2 1.2zM5.2 14.6l-2.8-2.8 1.2-1.2 1.6 1.6L8.4 9l1.2 1.2zM5.2 20.6l-2.8-2.8 1.2-1.2 1.6 1.6 3.2-3.2 1.2 1.2z"/>
  </g>
</svg>`
});

/** Stages one after the other, one of them the longest. */
export const lifecycleIcon = new LabIcon({
  name: 'mlops-nb:lifecycle',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M3 4h7v4H3zM8 10h12v4H8zM15 16h6v4h-6z"/>
  </g>
</svg>`
});
