"""What mails say that are about no agenda. No text here has a code in it, or a word that says that it presses."""

from typing import Final

from modules.simulator.mail.content import Address

OFFICE: Final = (
    ("Lunch on Thursday", "Shall we try the new place across the street? They take bookings for six."),
    ("Bulk carrier survey schedule, Busan", "The surveyor boards the bulk carrier at berth 4 on arrival of the pilot."),
    ("MASS trial: notes of the call", "The MASS trial went well; the remote station lost the link once for 4 seconds."),
    ("Travel expenses", "The receipts are in the folder. The hotel invoice has the number PL2025-15/A."),
    ("Room booking 3.05", "Room 3.05 is taken until noon, so we meet in 2.11."),
    ("Newsletter draft", "Could you read my draft for our internal newsletter? How to unsubscribe is on page two."),
    ("Question on MSC.1/Circ.1572", "Which revision of the circular do we apply to conversions?"),
    ("Bulk email tool", "IT asks who still uses the bulk e-mail tool for invitations to seminars."),
    ("Drawing 25015-04 rev C", "Sheet 2 of the drawing shows the old frame spacing."),
    ("Holiday plan", "I am away in the last two weeks of the month; Anna stands in for me."),
)
KOREAN_OFFICE: Final = (
    ("주간 업무 공유", "이번 주 업무 현황을 공유드립니다. 자세한 내용은 회의에서 말씀드리겠습니다."),
    ("회의실 예약 변경", "3층 회의실이 사용 중이어서 2층으로 변경하였습니다."),
    ("점심 식사", "목요일 점심 같이 하시겠어요?"),
    ("출장 보고 일정", "출장 결과는 다음 주 월요일까지 정리하겠습니다."),
    ("벌크선 검사 일정", "부산항 검사 일정을 확인 부탁드립니다."),
    ("자율운항선박 세미나", "세미나 발표 자료를 준비하고 있습니다."),
)
NEWS: Final = (
    ("Weekly shipping digest: rates, orders, scrapping", "Bulk carrier rates rose for the third week in a row."),
    ("MASS and autonomy: this month's stories", "MASS developers meet in spring; early bird tickets are on sale."),
    (
        "Webinar: decarbonisation pathways",
        "Register today and save your seat. Over 2,000 professionals attended last time.",
    ),
    ("Your maritime newsletter", "Ammonia engines, port congestion and a look at the yards' order books."),
    ("[뉴스레터] 조선 해운 소식", "이번 주 조선 해운 시장의 주요 소식을 전해드립니다."),
)
NOTICES: Final = (
    ("Your password expires in 10 days", "Change it in the self-service portal."),
    ("Backup of your computer succeeded", "Nothing has to be done."),
    ("Parcel on its way", "Your parcel leaves the depot today."),
    ("Meeting recording is available", "The recording will be kept for 60 days."),
)
PROMOTERS: Final = (
    Address("newsletter@shipping-digest.example", "Shipping Digest"),
    Address("news@maritime-events.example", "Maritime Events"),
    Address("marketing@mail.portware.example", "Portware"),
)
MACHINES: Final = (
    Address("no-reply@it-service.example", "IT Service"),
    Address("noreply@parcels.example", "Parcels"),
    Address("do-not-reply@conference.example", "Conference"),
    Address("donotreply@backup.example", "Backup"),
)
MULTILATERAL_TOPICS: Final = (
    "Multilateral - exchange on survey of battery rooms",
    "Multilateral discussion: interpretation of bilge alarm tests",
    "Multilateral question on MASS notations",
    "Multilateral: steel grades for polar service bulk carriers",
)
SOCIETYS_NEWS: Final = Address("newsletter@news.dnv.com", "DNV News")
SOCIETYS_NEWS_OF: Final = "DNV"
KOREAN_NEWS: Final = "[뉴스레터]"
UNSUBSCRIBE: Final = "You receive this mail because you subscribed to it. Unsubscribe or change your settings here."
