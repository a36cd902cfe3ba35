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
