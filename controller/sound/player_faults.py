"""The sentences for people about the player's faults, by the reason that the player or the speaker gives."""

from __future__ import annotations

WHY = {
    "none": "没有找到音响设备。请检查音箱和声卡的连接。",
    "incomplete": "播放声音要用的系统库不全。请在战鼓的目录里运行 make setup，它会补上。",
    "removed": "音响设备断开了。正在自动重连。",
    "stalled": "音响设备没有反应。正在自动重连。",
    "hung": "播放程序没有反应，正在重新启动。",
    "died": "播放程序意外退出，正在重新启动。",
    "muted": "音响在系统里被静音了，或者音量被调成了 0。请在主机的声音设置里打开它。",
    "silent": "音乐应该在响，却没有声音送出去。正在重新打开音响。",
    "returned": "选定的音响接回来了，正在换过去。",
    "chosen": "正在换到选定的音响。",
    "starting": "播放程序正在启动。",
    "closed": "播放程序已停止。",
}
