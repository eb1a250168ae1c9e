"""What the mails of panels say. A mail's kind and urgency follow from its words, so each word here is weighed.

Requests say nothing of what makes a mail one of another kind (final, report, minutes, ...), and nothing here but
`URGENT_WORDS` says that a matter presses. Whoever adds a sentence keeps to this.
"""

from typing import Final

from modules.simulator.correspondence.truth import Language, Tone, Urgency

TITLES: Final = (
    "Structural strength of hatch covers on bulk carriers",
    "MASS Code - safety aspects of remote control",
    "Application of Unified Requirement S26",
    "Fire protection of machinery spaces of category A",
    "Damage stability of ro-ro passenger ships",
    "Interpretation of SOLAS II-1/3-8 on mooring arrangements",
    "Harmonised scantling checks for container ships",
    "Corrosion protection of ballast tanks",
    "Alternative fuels: ammonia bunkering arrangements",
    "Unified Interpretation SC 191 - means of access",
    "Load Line Convention, weathertight closing appliances",
    "Fatigue assessment of LNG tank supports",
    "Verification procedure for lashing software",
    "EEDI verification of ships with wind propulsion",
    "Testing of watertight cable transits",
    "Welding of extremely thick steel plates",
    "Survey of battery installations",
    "Noise levels on board ships (MSC.337(91))",
    "Helicopter decks, structural requirements",
    "Evacuation analysis for large passenger ships",
    "Cyber resilience of on-board systems (UR E26)",
    "Digital twins in class surveys",
    "Data exchange format for 3D models",
    "Remote inspection techniques",
)
KOREAN_TITLES: Final = (
    "산적화물선 창구덮개 구조강도",
    "자율운항선박(MASS) 안전 요건",
    "평형수 탱크 방식 도장",
    "암모니아 연료 공급 설비 배치",
    "컨테이너선 고박 소프트웨어 검증 절차",
    "원격 검사 기법 적용",
    "배터리 설비 검사 기준",
    "로로여객선 손상복원성",
)

GREETINGS: Final = {
    "en": ("Dear all,", "Dear members,", "Dear colleagues,", "Good day,", "Hello everyone,"),
    "ko": ("안녕하세요.", "안녕하십니까, 패널 위원 여러분.", "수신: 각 위원"),
}
CLOSINGS: Final = {
    "en": ("Best regards,", "Kind regards,", "With best regards,", "Thanks and regards,"),
    "ko": ("감사합니다.", "고맙습니다.", "감사합니다. 수고하십시오."),
}
DISCLAIMERS: Final = {
    "en": (
        (
            "This e-mail and its attachments may hold confidential information meant for the addressee only. If "
            "it has reached you by mistake, tell the sender and delete it; any use, copying or disclosure is not "
            "permitted. No liability is accepted for changes made to this message after it was sent."
        ),
        (
            "Classification services are provided under our general terms and conditions, which can be found on "
            "our website. Opinions given here are those of the writer and do not bind the society."
        ),
    ),
    "ko": (
        (
            "본 메일은 지정된 수신인만을 위한 것으로 비밀 정보를 포함할 수 있습니다. 잘못 수신하신 경우 "
            "발신인에게 알려 주시고 메일을 삭제하여 주시기 바랍니다."
        ),
    ),
}
BACKGROUND: Final = {
    "en": (
        (
            "During the last round several members pointed out that the present wording leaves room for "
            "different readings - in particular as regards existing ships and ships under construction at the "
            "date of entry into force."
        ),
        (
            "The industry has asked for clarification of the scope. The attached text takes up the proposals "
            "made so far and marks the changes against the current version of the Unified Requirement."
        ),
        (
            "The project team has compared the rules of the members. The differences are small for ships of over "
            "150 m in length, but not negligible for smaller bulk carriers and general cargo ships."
        ),
        (
            "A sample calculation for a Panamax bulk carrier is given in the annex, together with the loading "
            "conditions that were used and the corrosion margins assumed in way of the cargo hold boundaries."
        ),
        (
            "The question was raised whether the interpretation should also cover offshore units. The chair is "
            "of the view that it should not, as these are dealt with in another instrument."
        ),
        (
            "The flag administrations concerned were contacted through the permanent representative; two of them "
            "replied and have no objection to the approach described below."
        ),
        "The numbering of the paragraphs follows the current revision, so that the texts can be compared line by line.",
        "Reference is made to MSC.1/Circ.1572 and to the discussions of the sub-committee on ship design.",
    ),
    "ko": (
        (
            "지난 회차에서 여러 회원이 현행 문구가 현존선과 건조 중인 선박에 대하여 서로 다르게 해석될 여지가 "
            "있음을 지적하였습니다."
        ),
        "첨부한 문안은 지금까지 제출된 제안을 반영한 것이며, 현행 통일규칙과 비교하여 변경된 부분을 표시하였습니다.",
        "프로젝트 팀이 각 선급의 규칙을 비교한 결과 길이 150 m 이상의 선박에서는 차이가 크지 않은 것으로 나타났습니다.",
        "파나막스급 산적화물선에 대한 계산 예를 부속서에 수록하였으니 참고하시기 바랍니다.",
    ),
}
ASKING: Final = {
    "en": (
        "Members are invited to consider the attached proposal and to state whether they agree with it.",
        "Please consider the questions below and let the panel have your society's view.",
        "Members are asked for their comments on the attached draft.",
        "You are kindly requested to comment on options 1 and 2 of the attached paper.",
    ),
    "ko": (
        "첨부한 제안서를 검토하시고 귀 선급의 의견을 주시기 바랍니다.",
        "아래 질문에 대한 각 회원의 의견을 요청드립니다.",
    ),
}
REMINDING: Final = {
    "en": (
        "This is a friendly reminder: several members have not replied yet.",
        "Not all members have replied so far. Those who have not are asked to do so.",
    ),
    "ko": ("아직 회신하지 않은 회원께서는 회신하여 주시기 바랍니다.",),
}
TELLING: Final[dict[Tone, dict[Language, tuple[str, ...]]]] = {
    "notification": {
        "en": (
            "This is for information only; no reply is needed.",
            "Please find attached the minutes of the web meeting. No reply is needed.",
            "The report of the project team is circulated for information.",
        ),
        "ko": ("For information: 첨부 자료를 참고하시기 바라며 회신은 필요하지 않습니다.",),
    },
    "consolidated": {
        "en": (
            "All members have responded. The consolidated comments are attached for information.",
            "The responses of all members have been consolidated in the attached table, for information.",
        ),
        "ko": ("For information: 모든 회원의 의견을 취합(consolidated)하여 첨부하였습니다.",),
    },
    "completed": {
        "en": (
            "The final text is attached. This agenda is now closed.",
            "As all members agree, the text is approved. The work on this agenda is completed.",
            "The Unified Interpretation was adopted by the panel. The agenda is closed.",
        ),
        "ko": ("Final: 본 의제는 합의되어 종료(closed)되었음을 알려드립니다.",),
    },
}
ANSWERING: Final = {
    "en": (
        "{org} agrees with the proposal and has no further comments.",
        "{org} supports option 2. Option 1 would need changes to our rules which we can not justify technically.",
        "{org} can accept the text provided that paragraph 3.2 is limited to new ships.",
        "{org} does not support the proposal in its present form, for the reasons given below.",
        "Please find attached {org}'s comments on the draft.",
        "{org} has no objection.",
    ),
    "ko": (
        "{org}은 제안에 동의하며 추가 의견이 없습니다.",
        "{org}은 2안을 지지합니다. 1안은 당 선급 규칙의 개정이 필요합니다.",
        "{org}의 의견을 첨부와 같이 회신드립니다.",
    ),
}
CHANGING: Final = {
    "en": ("This replaces our earlier comments.", "Having seen the other members' comments, we have changed our view."),
    "ko": ("이전 의견을 아래와 같이 수정합니다.",),
}
DETAIL: Final = {
    "en": (
        (
            "In our experience the corrosion additions given in the table are on the safe side for holds with "
            "coal, but not for holds that carry wet ore; we would prefer to keep the present values there."
        ),
        (
            "The acceptance criteria should be the same as in the Common Structural Rules, otherwise two sets of "
            "calculations would be needed for the same structure."
        ),
        "We suggest to replace the words 'to the satisfaction of the society' by a reference to a standard.",
        "The requirement can not be verified on board without opening the unit; a type test would be enough.",
        "The proposed date of application leaves yards less than six months, which we find too short.",
        "Figure 4 does not agree with the text: the dimension h is measured from the deck at side.",
    ),
    "ko": (
        "표에 제시된 부식 여유는 석탄을 운송하는 화물창에는 안전 측이나 습윤 광석의 경우에는 그렇지 않습니다.",
        "허용 기준은 공통구조규칙과 동일하게 하는 것이 바람직합니다.",
        "그림 4의 치수 h는 본문과 일치하지 않으므로 확인이 필요합니다.",
    ),
}
THANKING: Final = {
    "en": (
        "Thank you for this. We see it the same way.",
        "We had understood paragraph 3.2 differently; could you explain the second sentence?",
        "Noted with thanks.",
        "We can follow this reasoning, apart from the figure.",
    ),
    "ko": (
        "의견 감사합니다. 저희도 같은 생각입니다.",
        "3.2항에 대하여 설명 부탁드립니다.",
        "확인하였습니다.",
    ),
}
FORWARDING: Final = {
    "en": ("FYI - see below.", "Could you look at this, please?", "This came from the chair. Shall we discuss it?"),
    "ko": ("아래 메일 참고하세요.", "의장 메일 전달드립니다. 확인 부탁드려요."),
}
AWAY: Final = {
    "en": "I am out of the office until {} with limited access to e-mail. I will answer after my return.",
    "ko": "{}까지 휴가로 부재중입니다. 복귀 후 답변드리겠습니다.",
}

URGENT_WORDS: Final[dict[Urgency, dict[Language, tuple[str, ...]]]] = {
    "HIGH": {
        "en": (
            "This matter is urgent.",
            "We need your answer ASAP.",
            "Please answer immediately.",
            "The schedule is critical for us.",
        ),
        "ko": ("긴급: 빠른 확인 부탁드립니다.", "[긴급] 금일 중 확인이 필요합니다."),
    },
    "MEDIUM": {
        "en": (
            "This is an important item.",
            "Please review the annex.",
            "This has priority.",
            "Attention: annex 2.",
        ),
        "ko": ("[중요] 부속서를 확인하여 주십시오.", "중요: 부속서 2 참고."),
    },
    "NORMAL": {
        "en": ("This is non-urgent.", "The order of the items is not important.", "It is a non-urgent question."),
        "ko": ("일정은 여유가 있습니다.",),
    },
}
"""Those of NORMAL look pressing and are not."""

URGENT_TITLES: Final[dict[Urgency, tuple[str, ...]]] = {
    "HIGH": ("URGENT - ", "urgent: ", "[긴급] ", "ASAP: "),
    "MEDIUM": ("Important: ", "[중요] ", "IMPORTANT - "),
    "NORMAL": ("non-urgent: ", "Not important: "),
}
