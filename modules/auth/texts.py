"""What the pages say, in English and Korean."""

from collections.abc import Mapping
from typing import Final

import attrs

from domain.account import AccountStatus
from modules.auth.reasons import Words

LANGUAGES: Final = ("en", "ko")
"""The first is spoken to whoever asks for neither."""

NAMES: Final[Mapping[str, str]] = {"en": "English", "ko": "한국어"}


@attrs.frozen(kw_only=True)
class Notice:
    """A page that only says something. `status` None: as the problem has it."""

    title: Words
    body: Words
    status: int | None = None


SITE = Words("Mailbox sign-in", "메일함 로그인")
HOME = Notice(
    title=Words("Mailbox sign-in", "메일함 로그인"),
    body=Words(
        "People connect their Microsoft 365 mailboxes here. To connect yours, open the personal link that you were"
        " sent. Without one there is nothing to do on this page.",
        "Microsoft 365 메일함을 연결하는 곳입니다. 메일함을 연결하려면 전달받은 개인 링크를 열어 주세요."
        " 링크가 없다면 이 페이지에서 할 일은 없습니다.",
    ),
    status=200,
)

SIGN_IN_TITLE = Words("Connect your mailbox", "메일함 연결")
SIGN_IN_AGAIN_TITLE = Words("Reconnect your mailbox", "메일함 다시 연결")
STEPS = (
    Words(
        "You are taken to Microsoft ({provider}) and sign in there as {email}.",
        "Microsoft({provider})로 이동하여 {email} 계정으로 로그인합니다.",
    ),
    Words(
        "Your password stays with Microsoft: this program never sees it.",
        "비밀번호는 Microsoft에만 입력합니다. 이 프로그램은 비밀번호를 볼 수 없습니다.",
    ),
    Words(
        "Afterwards you come back here and see whether it worked.",
        "로그인이 끝나면 이 페이지로 돌아와 결과를 확인합니다.",
    ),
)
WHAT_HAPPENS = Words("What happens next", "다음에 진행되는 일")
BEGIN = Words("Sign in with Microsoft", "Microsoft로 로그인")
ACCOUNT = Words("Mailbox", "메일함")

CONNECTED = Words(
    "This mailbox is connected. You need not sign in again, but you may.",
    "이 메일함은 연결되어 있습니다. 다시 로그인할 필요는 없지만 원하면 할 수 있습니다.",
)
OUT_OF_USE: Mapping[AccountStatus, Words] = {
    AccountStatus.LOCKED: Words(
        "The operator has locked this mailbox. You may sign in, but it stays locked until the operator unlocks it.",
        "운영자가 이 메일함을 잠갔습니다. 로그인할 수는 있지만 운영자가 풀 때까지 잠긴 상태로 유지됩니다.",
    ),
    AccountStatus.INACTIVE: Words(
        "This mailbox is out of use. You may sign in, but it stays so until the operator takes it into use again.",
        "이 메일함은 사용하지 않는 상태입니다. 로그인할 수는 있지만 운영자가 다시 사용하도록 설정해야 합니다.",
    ),
}

CONNECTION_LOST = Words(
    "The connection was lost. Please sign in again.",
    "연결이 끊어졌습니다. 다시 로그인해 주세요.",
)
"""For a reason that is not in the table."""

OWNER = Words("the owner", "메일함 주인")

DONE_TITLE = Words("Your mailbox is connected", "메일함이 연결되었습니다")
DONE = Words(
    "Everything is done. You may close this window.",
    "모두 완료되었습니다. 이 창을 닫아도 됩니다.",
)
FAILED_TITLE = Words("The sign-in did not work", "로그인하지 못했습니다")
CANCELLED_TITLE = Words("This sign-in has ended", "종료된 로그인입니다")
COMPLETING_TITLE = Words("One moment, please", "잠시만 기다려 주세요")
COMPLETING = Words(
    "Your sign-in is being completed. This page looks again by itself.",
    "로그인을 마무리하고 있습니다. 이 페이지는 자동으로 다시 확인합니다.",
)
PENDING_TITLE = Words("Not finished yet", "아직 끝나지 않았습니다")
PENDING = Words(
    "The sign-in was begun. Finish it in the window where Microsoft asks you to sign in, or start again.",
    "로그인이 시작되었습니다. Microsoft 로그인 창에서 계속하거나 다시 시작해 주세요.",
)
AGAIN = Words("Start again", "다시 시작")
RUN_AGAIN = Words("To try again, run the sign-in command again.", "다시 시도하려면 로그인 명령을 다시 실행해 주세요.")
HOW_IT_ENDED = Words("See how it ended", "결과 보기")
EXPLANATION = Words("What was recorded", "기록된 내용")
REFERENCE = Words("Reference", "참조 번호")

NOTICES: Final[Mapping[str, Notice]] = {
    "SIGN_IN_UNKNOWN": Notice(
        title=Words("This sign-in is not known", "알 수 없는 로그인입니다"),
        body=Words(
            "It may be too old, or the address was cut short. Start again: open the link or page that you were sent.",
            "너무 오래되었거나 주소가 잘렸을 수 있습니다. 전달받은 링크나 페이지를 열어 다시 시작해 주세요.",
        ),
        status=404,
    ),
    "SIGN_IN_USED": Notice(
        title=Words("This sign-in was used before", "이미 사용된 로그인입니다"),
        body=Words(
            "Each sign-in works once. If you reloaded a page or went back, nothing is lost: see how it ended.",
            "로그인은 한 번만 사용할 수 있습니다. 새로 고침이나 뒤로 가기를 했다면 결과를 확인해 주세요.",
        ),
        status=409,
    ),
    "SIGN_IN_EXPIRED": Notice(
        title=Words("This sign-in has expired", "만료된 로그인입니다"),
        body=Words(
            "It was not finished in time. Nothing was stored. Please start again.",
            "제한 시간 안에 끝나지 않았습니다. 저장된 것은 없습니다. 다시 시작해 주세요.",
        ),
        status=410,
    ),
    "SIGN_IN_CANCELLED": Notice(
        title=Words("This sign-in was replaced", "대체된 로그인입니다"),
        body=Words(
            "It was given up, or a newer one has taken its place. Go on in the window opened last, or start again.",
            "중단되었거나 더 새로운 로그인이 시작되었습니다. 마지막에 연 창에서 계속하거나 다시 시작해 주세요.",
        ),
        status=410,
    ),
    "LINK_UNKNOWN": Notice(
        title=Words("This link does not work", "작동하지 않는 링크입니다"),
        body=Words(
            "It may have been cut short: open it from the message, or copy the whole of it. If that does not help, ask"
            " for a new one.",
            "링크가 잘렸을 수 있습니다. 메시지에서 직접 열거나 전체를 복사해 주세요."
            " 그래도 안 되면 새 링크를 요청해 주세요.",
        ),
        status=404,
    ),
    "LINK_USED": Notice(
        title=Words("This link was used", "이미 사용된 링크입니다"),
        body=Words(
            "The mailbox was connected with it, and you need do nothing. Should it need attention again, ask for a new"
            " link.",
            "이 링크로 메일함이 이미 연결되었으므로 더 할 일이 없습니다. 다시 연결해야 하면 새 링크를 요청해 주세요.",
        ),
        status=410,
    ),
    "LINK_EXPIRED": Notice(
        title=Words("This link has expired", "만료된 링크입니다"),
        body=Words(
            "Links are good for a limited time. Ask for a new one.",
            "링크는 정해진 기간에만 사용할 수 있습니다. 새 링크를 요청해 주세요.",
        ),
        status=410,
    ),
    "TOO_MANY_SIGN_INS": Notice(
        title=Words("Too many people are signing in", "로그인하는 사람이 너무 많습니다"),
        body=Words(
            "Nothing was begun. Please try again in a few minutes.",
            "아무것도 시작되지 않았습니다. 몇 분 뒤에 다시 시도해 주세요.",
        ),
    ),
    "CALLBACK_MALFORMED": Notice(
        title=Words("This answer is not understood", "이해할 수 없는 응답입니다"),
        body=Words(
            "The address holds something twice, too much or nothing at all. Start again: open the link or page that you"
            " were sent.",
            "주소에 중복되거나 너무 길거나 빠진 내용이 있습니다. 전달받은 링크나 페이지를 열어 다시 시작해 주세요.",
        ),
        status=400,
    ),
}
"""By error code."""

PROBLEMS: Final[Mapping[int, Notice]] = {
    403: Notice(
        title=Words("This came from another site", "다른 사이트에서 온 요청입니다"),
        body=Words(
            "For your safety nothing was done. Open the link or page that you were sent, and go on from there.",
            "안전을 위해 아무것도 하지 않았습니다. 전달받은 링크나 페이지를 열어 계속해 주세요.",
        ),
    ),
    404: Notice(
        title=Words("Nothing is here", "찾을 수 없습니다"),
        body=Words(
            "Check the address, or open the link that you were sent once more.",
            "주소를 확인하거나 전달받은 링크를 다시 열어 주세요.",
        ),
    ),
    405: Notice(
        title=Words("This cannot be done here", "여기서는 할 수 없는 요청입니다"),
        body=Words(
            "The address exists, but not for what was asked of it.",
            "주소는 있지만 요청한 방식은 지원하지 않습니다.",
        ),
    ),
    408: Notice(
        title=Words("That took too long", "시간이 너무 오래 걸렸습니다"),
        body=Words("Please try again.", "다시 시도해 주세요."),
    ),
    413: Notice(
        title=Words("That is too much", "내용이 너무 큽니다"),
        body=Words("What was sent is larger than anything expected here.", "보낸 내용이 허용된 크기보다 큽니다."),
    ),
    421: Notice(
        title=Words("Wrong name", "잘못된 이름입니다"),
        body=Words(
            "This server does not answer to the name in the address. Its operator can set AUTH_PUBLIC_URL.",
            "이 서버는 주소에 있는 이름으로는 응답하지 않습니다. 운영자는 AUTH_PUBLIC_URL을 설정할 수 있습니다.",
        ),
    ),
    503: Notice(
        title=Words("Not available just now", "지금은 사용할 수 없습니다"),
        body=Words("Please try again in a few minutes.", "몇 분 뒤에 다시 시도해 주세요."),
    ),
}
"""By HTTP status, where the error code says nothing."""

REQUEST_FAULT = Notice(
    title=Words("This request is not understood", "이해할 수 없는 요청입니다"),
    body=Words(
        "Open the link or page that you were sent, and go on from there.",
        "전달받은 링크나 페이지를 열어 계속해 주세요.",
    ),
)
SERVER_FAULT = Notice(
    title=Words("Something went wrong here", "문제가 발생했습니다"),
    body=Words(
        "It is not your fault. Please try again later; if it happens again, tell the operator the reference below.",
        "사용자의 잘못이 아닙니다. 나중에 다시 시도해 주시고, 계속되면 아래 참조 번호를 운영자에게 알려 주세요.",
    ),
)
