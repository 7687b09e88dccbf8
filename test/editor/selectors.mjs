/** Every place of the workbench the tests touch. They hold for VS Code 1.100 to 1.139. */
export const selectors = {
  workbench: '.monaco-workbench',
  statusBar: '.part.statusbar .statusbar-item',
  statusItem: '.part.statusbar .statusbar-item[id^="io-uring-inspector."]',

  quickInput: '.quick-input-widget',
  quickInputBox: '.quick-input-widget .quick-input-box input',
  quickInputTitle: '.quick-input-widget .quick-input-title',
  quickInputMessage: '.quick-input-widget .quick-input-message',
  quickInputProgress: '.quick-input-widget .quick-input-progress.active',
  quickInputButtons: '.quick-input-widget .quick-input-titlebar .action-label',
  quickRow: '.quick-input-widget .quick-input-list .monaco-list-row',
  quickRowLabel: '.quick-input-list-row:first-child .label-name',
  quickRowDescription: '.label-description',
  quickRowDetail: '.quick-input-list-row + .quick-input-list-row, .quick-input-list-label-meta',
  quickRowSeparator: '.quick-input-list-separator',

  activity: '.part.activitybar .action-item:has(.action-label[aria-label^="io_uring"])',
  activityLink: '.action-label',
  activityBadge: '.badge-content',

  view: '[id="workbench.view.extension.ioUringInspector"]',
  viewTitle: '.part.sidebar .composite.title',
  viewTitleActions: '.part.sidebar .title-actions .action-label',
  viewMessage: '[id="workbench.view.extension.ioUringInspector"] .tree-explorer-viewlet-tree-view .message',
  viewProgress: '.part.sidebar .monaco-progress-container.active',
  welcome: '[id="workbench.view.extension.ioUringInspector"] .welcome-view-content',
  treeRow:
    '[id="workbench.view.extension.ioUringInspector"] .tree-explorer-viewlet-tree-view .monaco-list-row',
  treeRowLabel: '.label-name',
  treeRowDescription: '.label-description',
  treeRowIcon: '.custom-view-tree-node-item-icon',
  treeRowTwistie: '.monaco-tl-twistie',

  hover: '.workbench-hover-container:not(.hidden) .monaco-hover, .workbench-hover:not(.hidden)',
  menu: '.context-view .monaco-menu .action-item:not(.disabled) .action-label',
  toast: '.notifications-toasts .notification-toast',
  toastMessage: '.notification-list-item-message',
  toastButton: '.notification-list-item-buttons-container .monaco-button',
  dialog: '.monaco-dialog-box',
  editorTab: '.part.editor .tabs-container .tab .label-name',
  editorLines: '.part.editor .view-lines',
};
