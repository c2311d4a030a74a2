/** The icons of the desk by what they mean, so that one meaning never has two pictures. */
import Activity from '@lucide/svelte/icons/activity';
import Archive from '@lucide/svelte/icons/archive';
import ArrowRightLeft from '@lucide/svelte/icons/arrow-right-left';
import BadgeCheck from '@lucide/svelte/icons/badge-check';
import Bell from '@lucide/svelte/icons/bell';
import Bot from '@lucide/svelte/icons/bot';
import Building from '@lucide/svelte/icons/building-2';
import Briefcase from '@lucide/svelte/icons/briefcase';
import Check from '@lucide/svelte/icons/check';
import ChevronDown from '@lucide/svelte/icons/chevron-down';
import ChevronRight from '@lucide/svelte/icons/chevron-right';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import CircleDot from '@lucide/svelte/icons/circle-dot';
import CircleHelp from '@lucide/svelte/icons/circle-help';
import CircleOff from '@lucide/svelte/icons/circle-off';
import CirclePause from '@lucide/svelte/icons/circle-pause';
import CircleX from '@lucide/svelte/icons/circle-x';
import Clock from '@lucide/svelte/icons/clock';
import Download from '@lucide/svelte/icons/download';
import Ellipsis from '@lucide/svelte/icons/ellipsis';
import Eye from '@lucide/svelte/icons/eye';
import EyeOff from '@lucide/svelte/icons/eye-off';
import FileText from '@lucide/svelte/icons/file-text';
import Flag from '@lucide/svelte/icons/flag';
import History from '@lucide/svelte/icons/history';
import Hourglass from '@lucide/svelte/icons/hourglass';
import IdCard from '@lucide/svelte/icons/id-card';
import Image from '@lucide/svelte/icons/image';
import Inbox from '@lucide/svelte/icons/inbox';
import Info from '@lucide/svelte/icons/info';
import Keyboard from '@lucide/svelte/icons/keyboard';
import LogOut from '@lucide/svelte/icons/log-out';
import Mail from '@lucide/svelte/icons/mail';
import MailOpen from '@lucide/svelte/icons/mail-open';
import Maximize from '@lucide/svelte/icons/maximize-2';
import Monitor from '@lucide/svelte/icons/monitor';
import Moon from '@lucide/svelte/icons/moon';
import OctagonAlert from '@lucide/svelte/icons/octagon-alert';
import Paperclip from '@lucide/svelte/icons/paperclip';
import Pencil from '@lucide/svelte/icons/pencil';
import Phone from '@lucide/svelte/icons/phone';
import PhoneCall from '@lucide/svelte/icons/phone-call';
import Plus from '@lucide/svelte/icons/plus';
import Printer from '@lucide/svelte/icons/printer';
import RefreshCw from '@lucide/svelte/icons/refresh-cw';
import Forward from '@lucide/svelte/icons/forward';
import TextQuote from '@lucide/svelte/icons/text-quote';
import Reply from '@lucide/svelte/icons/reply';
import ReplyAll from '@lucide/svelte/icons/reply-all';
import Route from '@lucide/svelte/icons/route';
import Search from '@lucide/svelte/icons/search';
import Send from '@lucide/svelte/icons/send';
import Settings from '@lucide/svelte/icons/settings';
import ShieldAlert from '@lucide/svelte/icons/shield-alert';
import SquarePen from '@lucide/svelte/icons/square-pen';
import Star from '@lucide/svelte/icons/star';
import StickyNote from '@lucide/svelte/icons/sticky-note';
import Sun from '@lucide/svelte/icons/sun';
import Trash from '@lucide/svelte/icons/trash-2';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import User from '@lucide/svelte/icons/user';
import UserPlus from '@lucide/svelte/icons/user-plus';
import Users from '@lucide/svelte/icons/users';
import Volume from '@lucide/svelte/icons/volume-2';
import Wifi from '@lucide/svelte/icons/wifi';
import WifiOff from '@lucide/svelte/icons/wifi-off';
import X from '@lucide/svelte/icons/x';

import type {
  AgentState,
  ClientKind,
  InteractionState,
  Medium,
  PointMedium,
  QueueAlarm,
  Standing,
} from '../api/types';

export const ICONS = {
  accept: Check,
  activity: Activity,
  add: Plus,
  alarm: OctagonAlert,
  attach: Paperclip,
  automatic: Bot,
  bell: Bell,
  busy: CircleDot,
  card: IdCard,
  clock: Clock,
  close: X,
  closed: Archive,
  dark: Moon,
  document: FileText,
  down: ChevronDown,
  download: Download,
  edit: Pencil,
  failed: CircleX,
  good: CircleCheck,
  help: CircleHelp,
  hide: EyeOff,
  history: History,
  inbox: Inbox,
  info: Info,
  keyboard: Keyboard,
  light: Sun,
  mail: Mail,
  mailOpen: MailOpen,
  maximize: Maximize,
  more: Ellipsis,
  note: StickyNote,
  off: CircleOff,
  offline: WifiOff,
  online: Wifi,
  organisation: Building,
  pause: CirclePause,
  person: User,
  phone: Phone,
  callback: PhoneCall,
  picture: Image,
  preferred: Star,
  printer: Printer,
  priority: Flag,
  refresh: RefreshCw,
  remove: Trash,
  reply: Reply,
  replyAll: ReplyAll,
  forward: Forward,
  right: ChevronRight,
  route: Route,
  search: Search,
  send: Send,
  settings: Settings,
  shield: ShieldAlert,
  signOut: LogOut,
  sound: Volume,
  system: Monitor,
  texts: TextQuote,
  trader: Briefcase,
  transfer: ArrowRightLeft,
  userAdd: UserPlus,
  users: Users,
  verified: BadgeCheck,
  view: Eye,
  waiting: Hourglass,
  warning: TriangleAlert,
  write: SquarePen,
} as const;

export type IconName = keyof typeof ICONS;

export const MEDIUM_ICON: Record<Medium, IconName> = {
  email: 'mail',
  voice: 'phone',
  fax: 'printer',
  letter: 'mailOpen',
  callback: 'callback',
};

export const POINT_ICON: Record<PointMedium, IconName> = {
  email: 'mail',
  phone: 'phone',
  fax: 'printer',
  post: 'mailOpen',
};

export const STATE_ICON: Record<InteractionState, IconName> = {
  queued: 'clock',
  offered: 'bell',
  active: 'busy',
  held: 'pause',
  waiting_for_client: 'waiting',
  parked: 'pause',
  wrap_up: 'edit',
  closed: 'closed',
  abandoned: 'failed',
  overflowed: 'transfer',
  callback_scheduled: 'callback',
  received: 'inbox',
  failed: 'failed',
};

export const PRESENCE_ICON: Record<AgentState, IconName> = {
  offline: 'off',
  ready: 'good',
  busy: 'busy',
  wrap_up: 'edit',
  not_responding: 'warning',
  paused: 'pause',
};

/** Whether a sender is who it says. */
export const STANDING_ICON: Record<Standing, IconName> = {
  authenticated: 'verified',
  not_authenticated: 'shield',
  unknown: 'help',
};

export const STANDING_TONE: Record<Standing, Tone> = {
  authenticated: 'good',
  not_authenticated: 'bad',
  unknown: 'plain',
};

export const ALARM_ICON: Record<QueueAlarm, IconName> = {
  normal: 'good',
  at_risk: 'warning',
  critical: 'alarm',
};

export const KIND_ICON: Record<ClientKind, IconName> = {
  person: 'person',
  organisation: 'organisation',
  sole_trader: 'trader',
};

/** Status colour of a state; always beside its icon and word. */
export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent';

export const PRESENCE_TONE: Record<AgentState, Tone> = {
  offline: 'plain',
  ready: 'good',
  busy: 'plain',
  wrap_up: 'plain',
  not_responding: 'bad',
  paused: 'warn',
};

export const ALARM_TONE: Record<QueueAlarm, Tone> = {
  normal: 'good',
  at_risk: 'warn',
  critical: 'bad',
};
