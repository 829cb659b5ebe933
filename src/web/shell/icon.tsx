// Pictures of the buttons, drawn on 16 by 16. Beside or below each stands its name for those who do not see it.

const paths = {
  run: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  step: "M3 3v10l7-5zM11 3h2v10h-2z",
  back: "M13 3v10L6 8zM3 3h2v10H3z",
  start: "M2 2.5h2v11H2zM14 2.5v11L9 8zM9 2.5v11L4 8z",
  end: "M12 2.5h2v11h-2zM2 2.5v11L7 8zM7 2.5v11L12 8z",
  ready: "M3 2h1.5v12H3zM4.5 2.5h8.5L10.5 5.5 13 8.5H4.5z",
  reset: "M8 2a6 6 0 1 0 5.8 4.5h-1.9A4.2 4.2 0 1 1 8 3.8c1.1 0 2.1.4 2.8 1.2L8.5 7.3H14V1.8l-1.9 1.9A6 6 0 0 0 8 2z",
  share: "M11 1.5a2.5 2.5 0 0 0-2.4 3.1L5.8 6.2a2.5 2.5 0 1 0 0 3.6l2.8 1.6a2.5 2.5 0 1 0 .8-1.4L6.5 8.4v-.8l2.9-1.6A2.5 2.5 0 1 0 11 1.5z",
  find: "M7 2a5 5 0 1 0 3 9l3.3 3.3 1.2-1.2L11.2 9.8A5 5 0 0 0 7 2zm0 1.7a3.3 3.3 0 1 1 0 6.6 3.3 3.3 0 0 1 0-6.6z",
  close: "M3.7 2.5 8 6.8l4.3-4.3 1.2 1.2L9.2 8l4.3 4.3-1.2 1.2L8 9.2l-4.3 4.3-1.2-1.2L6.8 8 2.5 3.7z",
  light: "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM7.3 1h1.4v2H7.3zM7.3 13h1.4v2H7.3zM1 7.3h2v1.4H1zM13 7.3h2v1.4h-2zM2.6 3.6l1-1L5 4l-1 1zM11 12l1-1 1.4 1.4-1 1zM2.6 12.4 4 11l1 1-1.4 1.4zM11 4l1.4-1.4 1 1L12 5z",
  dark: "M6.5 1.5a6.5 6.5 0 1 0 8 8A5.5 5.5 0 0 1 6.5 1.5z",
  help: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 1.7a5.3 5.3 0 1 1 0 10.6A5.3 5.3 0 0 1 8 2.7zM7.2 10.5h1.6V12H7.2zM5.5 6.2A2.5 2.5 0 1 1 8.8 8.6v.9H7.2V7.9C8.3 7.4 9 7 9 6.2a1 1 0 0 0-2 0z",
  system: "M1.5 2.5h13v9h-5v1.5h2V14.5h-7V13h2v-1.5h-5zM3 4v6h10V4z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={paths[name]} fill="currentColor" />
    </svg>
  );
}
